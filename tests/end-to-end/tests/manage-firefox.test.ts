/** The management page in Firefox: the same page, with what differs between the browsers in between. */
import { setFirefoxExtension } from '../scene/extension-policy.ts';
import { closingTest, managedTest, manageTest, noticesTest } from '../scene/manage-tests.ts';
import { Scene } from '../scene/scene.ts';

for (const language of ['ja', 'en'] as const) manageTest((options) => Scene.startFirefox(options), language, 'firefox-');

managedTest((folder, values) => {
  setFirefoxExtension(folder, values);
  return Scene.startFirefox({ policies: folder });
}, 'firefox-manage-policy');

closingTest(() => Scene.startFirefox());

noticesTest(() => Scene.startFirefox());
