/** What every command says, and how it ends. */

export interface Output {
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** 0: it holds or was done. 1: it found something. 2: it was not called as it wants to be. */
export type ExitStatus = 0 | 1 | 2;

/** Of a tenant or a person, as Entra shows it. */
export const GUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** Of a storage account. */
export const ACCOUNT = /^[a-z0-9]{3,24}$/;
