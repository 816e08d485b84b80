import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { WxtVitest } from 'wxt/testing/vitest-plugin';

export default defineConfig({
  plugins: [await WxtVitest(), svelte()],
  // Svelte's client half: the tests mount real components.
  resolve: { conditions: ['browser'] },
  test: { environment: 'happy-dom', restoreMocks: true, setupFiles: ['tests/messages.ts'] },
});
