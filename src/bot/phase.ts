/** What Steward is doing for a message; each has its words in `wording`. */
export type Phase = 'starting' | 'queued' | 'thinking' | 'looking up' | 'reading articles' | 'asking people' | 'acting';

/** How the wait for an answer ended, for the line that said “still working”. */
export type WaitEnd = 'over' | 'cancelled' | 'stopped';
