import { z } from 'zod/v4';
import type { Place } from '../guard/approval.ts';

/** A place as it is stored. */
export const place: z.ZodType<Place> = z.object({
  conversationId: z.string(),
  serviceUrl: z.string(),
  tenantId: z.string(),
  botId: z.string(),
  channelId: z.string(),
  conversationType: z.string(),
});
