import type { ActionWordings } from './wording.ts';

export const groups: ActionWordings = [
  ['find_group', { title: 'Group found', help: 'Find groups', example: 'find the group VPN Users' }],
  [
    'add_to_group',
    {
      title: 'Add to group',
      help: 'Add somebody to a group',
      example: 'add Anna Weber to VPN Users, she works from home now',
      button: 'Add to group',
      consequence: 'The person gets what the group gives, usually within minutes, sometimes after they sign in again.',
      running: (who) => `Adding ${who} to the group …`,
      done: (who) => `${who} is in the group.`,
      undo: 'Can be undone: ask me to remove the person from the group.',
      reversible: true,
    },
  ],
  [
    'remove_from_group',
    {
      title: 'Remove from group',
      help: 'Remove somebody from a group',
      example: 'remove Anna Weber from VPN Users, she is back in the office',
      button: 'Remove from group',
      consequence: 'The person loses what only this group gives. What they have open may stay open for up to an hour.',
      running: (who) => `Removing ${who} from the group …`,
      done: (who) => `${who} is no longer in the group.`,
      undo: 'Can be undone: ask me to add the person to the group.',
      reversible: true,
    },
  ],
];
