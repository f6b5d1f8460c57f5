/** Embeds the articles of the made-up company ahead, so that neither a start nor a test has to wait for it. */
import { buildArticles, readArticles } from './articles.ts';

await buildArticles(readArticles());
