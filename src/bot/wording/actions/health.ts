import type { ActionWordings } from './wording.ts';

export const health: ActionWordings = [['show_service_health', { title: 'Service health of Microsoft 365', help: 'Show Microsoft’s known problems', example: 'does Microsoft report a problem with Teams?' }]];
