import { openKnowledgeOperator } from '../clients/knowledge-operator.ts';
import { answerSchema } from '../knowledge/answer.ts';
import { Unreadable } from './audit-words.ts';
import { GUID } from './command.ts';
import type { KnowledgeServices } from './knowledge-services.ts';

/** With the operator's own Azure login, on the deployment that the environment names. Fails with `Unreadable` for what is not named. */
export function azureServices(environment: Readonly<Record<string, string | undefined>>): KnowledgeServices {
  const given = (name: string): string => {
    const value = environment[name] ?? '';
    if (value === '') throw new Unreadable(`which deployment? ${name} is not set`);
    return value;
  };
  const tenantId = given('STEWARD_TENANT_ID');
  if (!GUID.test(tenantId)) throw new Unreadable('STEWARD_TENANT_ID is not the id of a tenant: a GUID, as in the Azure portal');
  const { STEWARD_OPENAI_DEPLOYMENT: deployment = '', STEWARD_OPENAI_MODEL: name = '' } = environment;
  const operator = openKnowledgeOperator({
    tenantId,
    vault: given('STEWARD_VAULT_NAME'),
    openai: given('STEWARD_OPENAI_RESOURCE'),
    embedding: { deployment: given('STEWARD_EMBEDDING_DEPLOYMENT'), name: given('STEWARD_EMBEDDING_MODEL') },
    ...(deployment !== '' && name !== '' && { model: { deployment, name } }),
  });
  return { ...operator, ask: (request) => operator.ask(request, answerSchema) };
}
