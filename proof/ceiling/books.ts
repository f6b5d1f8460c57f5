/** What must hold after a round, judged from storage's rows and the model's own books. */
import type { Counters } from './counters.ts';
import { upMicroUsd, type Served } from './model.ts';
import { heldBackOf, type RoundPlan } from './plan.ts';

/** What became of a round, as the two processes tell it. */
export interface Account {
  readonly outcomes: Readonly<Record<string, number>>;
  /** Marks of the month that admins were told about. */
  readonly told: readonly number[];
  readonly stops: readonly string[];
  readonly kills: number;
  /** Movements of money that storage did not answer. */
  readonly doubtful: number;
}

const ALWAYS = ['served', 'CEILING_MONTH', 'CEILING_HELD_BACK', 'CEILING_PERSON', 'CEILING_TURN'];
/** On a machine that has no time an answer comes too late without any mood. */
const SLOW = ['MODEL_UNAVAILABLE', 'STORAGE_UNAVAILABLE'];
const MOODY = ['MODEL_BUSY', 'MODEL_FILTERED', 'called off'];

/** Whether nothing but the bound of each attempt decides what is counted: then the counters are exact. */
export function isExact(plan: RoundPlan, { doubtful, kills, outcomes }: Account): boolean {
  return !plan.moody && !plan.lossy && kills === 0 && doubtful === 0 && SLOW.every((outcome) => outcomes[outcome] === undefined);
}

/** One line for each thing that does not hold. */
export function judge(plan: RoundPlan, served: Served, counters: Counters, account: Account): readonly string[] {
  const found: string[] = [];
  const must = (holds: boolean, what: () => string): void => {
    if (!holds) found.push(`seed ${plan.seed}, round ${plan.round} (${plan.edge}): ${what()}`);
  };
  const { monthMicroUsd: cap } = plan;
  const isOverrun = served.overruns > 0;
  const all = upMicroUsd(served.all);

  must(isOverrun || all <= cap, () => `${all} served of a month of ${cap}`);
  must(counters.month >= all, () => `${all} served, ${counters.month} counted`);
  must(isOverrun || counters.month <= cap, () => `${counters.month} counted of a month of ${cap}`);
  must(upMicroUsd(served.ordinary) <= cap - heldBackOf(plan), () => `${upMicroUsd(served.ordinary)} served to people without an incident role, of ${cap} less the tenth`);
  const isOrdinary = plan.turns.every(({ incident }) => !incident);
  must(!isOrdinary || counters.month <= cap - heldBackOf(plan), () => `${counters.month} counted of ${cap} less the tenth, which nobody might touch`);
  for (const [person, pico] of served.people) {
    const counted = counters.people.get(person) ?? 0;
    const personCap = plan.raised?.person === person ? plan.raised.toMicroUsd : plan.personDayMicroUsd;
    must(upMicroUsd(pico) <= personCap, () => `person ${person} was served ${upMicroUsd(pico)} of a day of ${personCap}`);
    must(counted >= upMicroUsd(pico), () => `person ${person} was served ${upMicroUsd(pico)}, counted are ${counted}`);
    must(counted <= personCap, () => `person ${person} is counted ${counted} of a day of ${personCap}`);
  }
  for (const [turn, pico] of served.turns) must(isOverrun || upMicroUsd(pico) <= plan.turnMicroUsd, () => `turn ${turn} was served ${upMicroUsd(pico)} of ${plan.turnMicroUsd}`);

  const ofPeople = [...counters.people.values()].reduce((sum, each) => sum + each, 0);
  const ofNobody = upMicroUsd(served.all - [...served.people.values()].reduce((sum, each) => sum + each, 0n));
  must(counters.day === counters.month, () => `the day counts ${counters.day}, the month ${counters.month}`);
  must(counters.month - ofPeople >= ofNobody, () => `${ofNobody} served to nobody in particular, ${counters.month - ofPeople} counted`);
  if (isExact(plan, account)) must(counters.month === served.countedMicroUsd, () => `${counters.month} counted, where ${served.countedMicroUsd} must be`);

  const expected = new Set([...ALWAYS, ...SLOW, ...(plan.moody ? MOODY : []), ...(isOverrun ? ['CEILING_OVERRUN'] : [])]);
  for (const [outcome, number] of Object.entries(account.outcomes)) must(expected.has(outcome), () => `${number} attempts ended in ${outcome}`);
  must(new Set(account.told).size === account.told.length, () => `a mark of the month was told twice: ${account.told.join(', ')}`);
  if (account.kills === 0 && account.doubtful === 0 && !plan.lossy) must(account.told.length > 0 || counters.month * 2 < cap, () => `nobody was told that ${counters.month} of ${cap} are counted`);
  must(isOverrun === account.stops.length > 0, () => `${served.overruns} answers above their reservation, ${account.stops.length} times the model was stopped`);
  must((account.outcomes['served'] ?? 0) > 0, () => 'nobody was served');
  return found;
}
