/** The few sentences that the tool picker says. Neutral on purpose: a result is shown by whoever called, never retold here. */
import type { Talk } from './want.ts';

const TALK: Readonly<Record<Talk, string>> = {
  greeting: 'Hello! What can I do for you?',
  thanks: 'You are welcome.',
  cancelled: 'All right, I have left it at that.',
  confirm: 'Please use the buttons above for that; I do not take a typed answer.',
  'off-topic': 'I can only help with the tools I was given here, I am afraid.',
  unsupported: 'I have no tool for that.',
  declined: 'All right, I have not done anything.',
  who: 'Who do you mean?',
  which: 'Which one do you mean?',
  more: 'I need a little more for that: what exactly, or until when?',
};

export function talk(kind: Talk): string {
  return TALK[kind];
}

export function nothingFound(): string {
  return 'I found nothing under that name.';
}

export function whichOf(handles: readonly string[]): string {
  const shown = handles.slice(0, 5).map((handle) => `{${handle}}`);
  return `There are ${String(handles.length)} matches: ${shown.join(', ')}${handles.length > shown.length ? ', …' : ''}. Which one do you mean?`;
}

export function found(handles: readonly string[]): string {
  return `I found ${handles.map((handle) => `{${handle}}`).join(', ')}.`;
}

export function finished(handles: readonly string[], partly: boolean): string {
  const about = handles.length === 0 ? 'That is the result.' : `That is the result for ${[...new Set(handles)].map((handle) => `{${handle}}`).join(' and ')}.`;
  return partly ? `${about} For the rest of what you asked I have no tool.` : about;
}

export function failed(): string {
  return 'That did not go through.';
}
