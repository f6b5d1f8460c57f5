import type { Catalogue } from '../actions/catalogue.ts';
import type { HandleBook } from '../actions/handles.ts';
import type { StoredStep } from '../guard/approval.ts';
import { en } from './wording/en.ts';

/**
 * Tool calls that would take steps back, as a model would have written them: they go through plan, gate and card like any
 * other. `steps` are of this person in this conversation, so its handles may be minted again.
 */
export function undoCalls(steps: readonly StoredStep[], catalogue: Catalogue, handles: HandleBook, nowMs: number): readonly unknown[] {
  return steps.flatMap((step, index) => {
    const inverse = catalogue.find(catalogue.find(step.action)?.reversibleBy ?? '');
    const target = step.arguments[step.targetParameter ?? ''];
    if (inverse?.target === undefined || target === undefined || !('id' in target)) return [];
    // The other things that it was about, such as the licence that was given, go by the same names in what takes it back.
    const things = Object.entries(step.arguments).flatMap(([name, value]) => ('id' in value && name in inverse.parameters.shape ? [[name, handles.mint(value.kind, value.id, value.label, nowMs)]] : []));
    const handle = handles.mint(target.kind, target.id, target.label, nowMs);
    const values = { ...(Object.fromEntries(things) as Record<string, string>), [inverse.target]: handle, ...('reason' in inverse.parameters.shape && { reason: en.undo.reason }) };
    return [{ id: `undo-${index + 1}`, type: 'function', function: { name: inverse.name, arguments: JSON.stringify(values) } }];
  });
}
