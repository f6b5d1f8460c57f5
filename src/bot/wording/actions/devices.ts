import type { ActionWordings } from './wording.ts';

export const devices: ActionWordings = [
  ['list_devices', { title: 'Devices', help: 'List devices', example: 'which devices does Anna Weber have?' }],
  ['find_device', { title: 'Device found', help: 'Find a device by its serial number', example: 'whose laptop is C02XY1234567?' }],
  ['show_device', { title: 'Device', help: 'Show a device', example: 'show me Anna Weber’s laptop' }],
  [
    'sync_device',
    {
      title: 'Sync a device',
      help: 'Have a device check in',
      example: 'sync Anna Weber’s laptop',
      button: 'Sync',
      consequence: 'Intune asks the device to check in now. Settings and apps that wait for it are then applied.',
      running: (who) => `Asking ${who} to check in …`,
      done: (who) => `Intune asks ${who} to check in. That takes minutes, or until the device is switched on.`,
      accepted: 'Sent',
      undo: 'Nothing to undo.',
    },
  ],
  [
    'lock_device',
    {
      title: 'Lock a device',
      help: 'Lock a phone, tablet or Mac',
      example: 'lock Anna Weber’s phone because it was stolen',
      button: 'Lock device',
      consequence: 'The screen locks when the device is next online. Its passcode opens it again; a Mac asks for a PIN that Intune shows to its admins. Windows computers refuse it.',
      running: (who) => `Sending the lock to ${who} …`,
      done: (who) => `The lock for ${who} was sent. It takes hold when the device is next online.`,
      accepted: 'Sent',
      undo: 'Can’t be undone from here; whoever knows the passcode or PIN opens the device.',
    },
  ],
  [
    'wipe_device',
    {
      title: 'Wipe a device',
      help: 'Reset a device to its factory state',
      example: 'wipe Anna Weber’s phone because it was stolen',
      button: 'Wipe device',
      consequence: 'Everything on the device is erased for good when it is next online, private photos and files too. It is then no longer managed, so it can’t be locked or found any more.',
      running: (who) => `Sending the wipe to ${who} …`,
      done: (who) => `The wipe of ${who} was sent. It takes place when the device is next online.`,
      accepted: 'Sent',
      undo: 'Can’t be undone.',
    },
  ],
];
