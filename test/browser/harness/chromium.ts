import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** What a suite that needs a browser says when there is none. */
export const NO_CHROMIUM = 'skipped, no browser: install Chromium: apt-get install chromium, or set STEWARD_CHROMIUM';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const LAUNCH_TIMEOUT_MS = 30_000;

/** The browser's executable: `STEWARD_CHROMIUM`, else the first of the usual names in /usr/bin or on the path. */
export function findChromium(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const named = env['STEWARD_CHROMIUM'];
  // One that was named and is not there is a mistake to be seen, not a reason to take another.
  if (named !== undefined && named !== '') return isExecutable(named) ? named : undefined;
  const folders = ['/usr/bin', ...(env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')];
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** A headless browser that calls nobody. Throws when `findChromium` finds none; the caller closes it. */
export async function launch(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(NO_CHROMIUM);
  return chromium.launch({
    executablePath,
    headless: true,
    timeout: LAUNCH_TIMEOUT_MS,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
