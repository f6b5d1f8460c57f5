/** What one model costs. A pinned row is a reviewed fact; a model without a row is refused. */
export interface ModelPrice {
  readonly model: string;
  /** Integers of micro-USD for a million tokens. */
  readonly inputMicroUsdPerMillion: number;
  readonly outputMicroUsdPerMillion: number;
  readonly contextTokens: number;
  /** Reasoning models refuse any temperature but their own. */
  readonly supportsTemperature: boolean;
  /** The day from which deployments answer with errors, as announced; later ones are "not before". ISO 8601. */
  readonly retires: string;
  /** The day on which prices and retirement were read, ISO 8601. */
  readonly asOf: string;
  readonly source: string;
}

const pricing = 'https://azure.microsoft.com/pricing/details/cognitive-services/openai-service/';

const asOf = '2025-12-16';

const usd = (amount: number): number => Math.round(amount * 1_000_000);

/**
 * List prices of Global Standard deployments without cached-input discount. Data Zone and regional deployments cost
 * about a tenth more. Retirement days: MicrosoftDocs/azure-ai-docs,
 * articles/ai-foundry/openai/includes/retirement/models.md.
 */
const rows: readonly ModelPrice[] = [
  { model: 'gpt-5.1', inputMicroUsdPerMillion: usd(1.25), outputMicroUsdPerMillion: usd(10), contextTokens: 400_000, supportsTemperature: false, retires: '2027-05-15', asOf, source: pricing },
  { model: 'gpt-5', inputMicroUsdPerMillion: usd(1.25), outputMicroUsdPerMillion: usd(10), contextTokens: 400_000, supportsTemperature: false, retires: '2027-02-06', asOf, source: pricing },
  { model: 'gpt-5-mini', inputMicroUsdPerMillion: usd(0.25), outputMicroUsdPerMillion: usd(2), contextTokens: 400_000, supportsTemperature: false, retires: '2027-02-06', asOf, source: pricing },
  { model: 'gpt-5-nano', inputMicroUsdPerMillion: usd(0.05), outputMicroUsdPerMillion: usd(0.4), contextTokens: 400_000, supportsTemperature: false, retires: '2027-02-06', asOf, source: pricing },
  { model: 'gpt-4.1', inputMicroUsdPerMillion: usd(2), outputMicroUsdPerMillion: usd(8), contextTokens: 1_047_576, supportsTemperature: true, retires: '2026-10-14', asOf, source: pricing },
  { model: 'gpt-4.1-mini', inputMicroUsdPerMillion: usd(0.4), outputMicroUsdPerMillion: usd(1.6), contextTokens: 1_047_576, supportsTemperature: true, retires: '2026-10-14', asOf, source: pricing },
  { model: 'gpt-4.1-nano', inputMicroUsdPerMillion: usd(0.1), outputMicroUsdPerMillion: usd(0.4), contextTokens: 1_047_576, supportsTemperature: true, retires: '2026-10-14', asOf, source: pricing },
  { model: 'gpt-4o', inputMicroUsdPerMillion: usd(2.5), outputMicroUsdPerMillion: usd(10), contextTokens: 128_000, supportsTemperature: true, retires: '2026-06-05', asOf, source: pricing },
  { model: 'gpt-4o-mini', inputMicroUsdPerMillion: usd(0.15), outputMicroUsdPerMillion: usd(0.6), contextTokens: 128_000, supportsTemperature: true, retires: '2026-03-31', asOf, source: pricing },
  { model: 'text-embedding-3-small', inputMicroUsdPerMillion: usd(0.02), outputMicroUsdPerMillion: 0, contextTokens: 8_191, supportsTemperature: false, retires: '2026-10-30', asOf, source: pricing },
  { model: 'text-embedding-3-large', inputMicroUsdPerMillion: usd(0.13), outputMicroUsdPerMillion: 0, contextTokens: 8_191, supportsTemperature: false, retires: '2026-10-30', asOf, source: pricing },
];

// A Map: the name comes from configuration, and an object would answer to `constructor`.
const byModel: ReadonlyMap<string, ModelPrice> = new Map(rows.map((row) => [row.model, row]));

/** The pinned row of a model, or undefined: then nothing may be spent on it. */
export function priceOf(model: string): ModelPrice | undefined {
  return byModel.get(model);
}

export function modelPrices(): readonly ModelPrice[] {
  return rows;
}

/** The row to reckon with when it is not known what answered: the highest prices in the table. */
export function dearest(): ModelPrice {
  return dearestOf(rows);
}

/** The same among models that make vectors. */
export function dearestEmbedding(): ModelPrice {
  return dearestOf(rows.filter(({ outputMicroUsdPerMillion }) => outputMicroUsdPerMillion === 0));
}

function dearestOf(of: readonly ModelPrice[]): ModelPrice {
  return of.reduce((most, row) =>
    row.outputMicroUsdPerMillion > most.outputMicroUsdPerMillion ||
    (row.outputMicroUsdPerMillion === most.outputMicroUsdPerMillion && row.inputMicroUsdPerMillion > most.inputMicroUsdPerMillion)
      ? row
      : most,
  );
}
