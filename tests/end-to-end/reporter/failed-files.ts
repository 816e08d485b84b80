/** Names each file of tests in which one has failed: where the body of a test stands does not tell, as browsers share them. */
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

export default async function* failedFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type === 'test:summary' && data.file !== undefined && !data.success) yield `failed file: ${relative('.', data.file)}\n`;
  }
}
