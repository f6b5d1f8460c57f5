/** What every command says, and how it ends. */

export interface Output {
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** 0: it holds or was done. 1: it found something. 2: it was not called as it wants to be. */
export type ExitStatus = 0 | 1 | 2;
