/** Samples, and what is said about them. All times are milliseconds. */
import { cpus, loadavg, totalmem } from 'node:os';

export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Nearest rank: a value that was measured, never one between two. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function summarise(samples: readonly number[]): Summary {
  const at = (share: number): number => round(quantile(samples, share));
  return { count: samples.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

export const mean = (samples: readonly number[]): number => (samples.length === 0 ? 0 : samples.reduce((sum, each) => sum + each, 0) / samples.length);

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** Columns of equal width; the first is text, the others are numbers or text, to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toFixed(1) : cell)))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ').trimEnd()).join('\n');
}

/** What the figures depend on. `load1` is the load average of the last minute: above the number of cores, distrust them. */
export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly date: string;
  readonly load1: number;
}

export function machine(): Machine {
  const all = cpus();
  return { node: process.version, cpu: all[0]?.model.trim() ?? 'unknown', cores: all.length, memoryMiB: Math.round(totalmem() / 1024 ** 2), date: new Date().toISOString(), load1: round(loadavg()[0] ?? 0) };
}
