import { type Browser, chromium, type LaunchOptions } from 'playwright-core';
import { findProgram } from './valkey-server.ts';

/** The system's Chromium: named by CHROMIUM_PATH, or found in the PATH or where Debian puts it. */
export function findChromium(): string {
  const path = process.env.CHROMIUM_PATH || findProgram(['chromium', 'chromium-browser', 'google-chrome']);
  if (!path) throw new Error('No Chromium found. Install the package chromium, or set CHROMIUM_PATH.');
  return path;
}

/** A browser that talks to nobody but the pages it is sent to. The caller closes it. */
export function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
  // Chromium refuses its sandbox to root; the pages it sees here are ours.
  const args = ['--no-sandbox', ...quiet, ...(options.args ?? [])];
  return chromium.launch({ ...options, executablePath: findChromium(), args });
}
