import { beforeEach, expect, it, vi } from 'vitest';
import { certificate, login, ORIGIN } from '../tests/samples';
import type { ConnectingSite } from './connecting-sites';
import { makeError } from './errors';
import { HandshakeHistory } from './handshake-history';
import type { Certificate, Login } from './protocol';

let sites: ConnectingSite[];
let logins: Login[];
let asked: number;
let noted: [string | null, Certificate][];
let history: HandshakeHistory;

beforeEach(() => {
  vi.useFakeTimers();
  sites = [{ origin: ORIGIN, likely: true }];
  logins = [login];
  asked = 0;
  noted = [];
  history = new HandshakeHistory({
    connecting: async () => sites,
    logins: () => logins,
    certificates: async () => {
      asked += 1;
      return [certificate];
    },
    note: (...one) => void noted.push(one),
  });
});

async function ended(error: 'cancelled' | null = null): Promise<void> {
  history.receive({ type: 'handshake-ended', certificate: certificate.id, error: error && makeError(error) });
  await vi.advanceTimersByTimeAsync(0);
}

it('notes a site once for a login, however many connections it takes', async () => {
  for (let connection = 0; connection < 5; connection += 1) await ended();
  expect(noted).toEqual([[ORIGIN, certificate]]);
  sites = [{ origin: 'https://other.example', likely: true }];
  await ended();
  logins = [{ ...login, since: login.since + 60 }];
  await ended();
  expect(noted.map(([origin]) => origin)).toEqual([ORIGIN, 'https://other.example', 'https://other.example']);
  expect(asked).toBe(1);
});

it('knows the certificate that a handshake waited for', async () => {
  history.receive({ type: 'handshake', certificate, waiting: 1 });
  await ended();
  expect([noted.length, asked]).toEqual([1, 0]);
});

it('knows the site that a handshake waited for, though it has answered by now', async () => {
  history.receive({ type: 'handshake', certificate, waiting: 1 });
  sites = [];
  await ended();
  await ended();
  expect(noted.map(([origin]) => origin)).toEqual([ORIGIN]);
});

it('notes a site that nobody can name, unless it knows another of the same login', async () => {
  sites = [];
  await ended();
  await ended();
  sites = [{ origin: ORIGIN, likely: true }];
  await ended();
  sites = [];
  await ended();
  expect(noted.map(([origin]) => origin)).toEqual([null, ORIGIN]);
});

it('notes nothing of what was not signed, nor of a certificate that is gone', async () => {
  await ended('cancelled');
  history.receive({ type: 'handshake-ended', certificate: 'f'.repeat(64), error: null });
  await vi.advanceTimersByTimeAsync(0);
  expect(noted).toEqual([]);
});
