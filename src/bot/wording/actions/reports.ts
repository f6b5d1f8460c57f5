import type { ActionWordings } from './wording.ts';

export const reports: ActionWordings = [
  ['report_stale_devices', { title: 'Devices that did not check in', help: 'Report devices that did not check in', example: 'which devices did not check in for 60 days?' }],
  ['report_licence_use', { title: 'Licence use', help: 'Report licence use', example: 'how many licences do we use?' }],
  ['report_group_members', { title: 'Members of a group', help: 'Report the members of a group', example: 'who is in the group Sales EMEA?' }],
  ['report_open_tickets', { title: 'Open tickets', help: 'Report open tickets', example: 'give me all open tickets as a file' }],
];
