import type { Action } from '../actions/action.ts';
import type { Catalogue } from '../actions/catalogue.ts';
import { en } from './wording/en.ts';

/** The action that a person named in a command: by its name or by what people call it. */
export function actionCalled(catalogue: Catalogue, named: string): Action | undefined {
  const wanted = letters(named);
  return wanted === '' ? undefined : catalogue.all().find(({ name }) => [name, en.actions.get(name)?.title ?? ''].some((each) => letters(each) === wanted));
}

function letters(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}]/gu, '');
}
