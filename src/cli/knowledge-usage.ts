/** Of `steward knowledge`. Alone, so that whoever only wants to stop Steward does not wait for readers of Markdown. */
export const KNOWLEDGE_USAGE = `steward knowledge check                  whether every article may be said; with --json as one document
steward knowledge review ID              says that you read this article as it is now, and stand for it
steward knowledge draft FILE             makes an article yet to be reviewed of Markdown, DOCX or a ServiceNow article (JSON)
steward knowledge build --out DIRECTORY  the signed index that a deployment answers from
steward knowledge ask QUESTION           an answer with its sources; with --json all of how it came about; --index DIRECTORY
                                         asks one that was built, --role helpdesk | admin asks as one of them

All take --dir FOLDER; without it, the articles of the sample company (src/knowledge/articles). build and ask work with your
own Azure login (az login) where STEWARD_OPENAI_RESOURCE names a deployment, else with the local sandbox.
`;
