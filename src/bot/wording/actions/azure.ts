import type { ActionWordings } from './wording.ts';

export const azure: ActionWordings = [
  ['list_app_services', { title: 'App Services', help: 'List the apps that I may restart', example: 'which apps can you restart?' }],
  [
    'restart_app_service',
    {
      title: 'Restart an app',
      help: 'Restart an app in Azure',
      example: 'restart the intranet because it hangs',
      button: 'Restart',
      consequence: 'Everybody who uses the app is interrupted, and what they have not saved may be lost. It answers again after a minute or two.',
      running: (who) => `Asking Azure to restart ${who} …`,
      done: (who) => `Azure has begun to restart ${who}. It goes on there; I don’t wait for its end.`,
      accepted: 'Started',
      undo: 'Can’t be undone.',
    },
  ],
  [
    'grant_guest_wifi',
    {
      title: 'Guest Wi-Fi',
      help: 'Give somebody guest Wi-Fi',
      example: 'give Anna Weber guest Wi-Fi for 3 days because she has a customer workshop',
      button: 'Start',
      consequence: 'Starts your organisation’s workflow for guest Wi-Fi with the mail address of this person and the number of days. What it does then is up to that workflow.',
      running: (who) => `Starting the guest Wi-Fi workflow for ${who} …`,
      done: (who) => `The guest Wi-Fi workflow for ${who} was started. The run goes on in Azure; I don’t learn how it ends.`,
      accepted: 'Started',
      undo: 'Can’t be undone from here; the run can be looked at and cancelled in Azure.',
    },
  ],
  [
    'offboard_person',
    {
      title: 'Offboard a person',
      help: 'Start the leaving of a person',
      example: 'offboard Anna Weber, last day 2026-12-31, because she resigned',
      button: 'Start offboarding',
      consequence: 'Starts your organisation’s offboarding workflow for this person and this last day. What it takes away, and when, is up to that workflow.',
      running: (who) => `Starting the offboarding workflow for ${who} …`,
      done: (who) => `The offboarding workflow for ${who} was started. The run goes on in Azure; I don’t learn how it ends.`,
      accepted: 'Started',
      undo: 'Can’t be undone from here; the run can be looked at and cancelled in Azure.',
    },
  ],
];
