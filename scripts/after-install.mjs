#!/usr/bin/env node
/**
 * What npm runs when it has installed the package: builds what depends on the host, its compiler and
 * its Node. None of it is necessary, so nothing fails; what could not be had is named.
 */
import { resolve } from 'node:path';
import { buildNative } from './build-native.mjs';
import { makeCodeCache } from './code-cache.mjs';

const root = resolve(import.meta.dirname, '..');
if (!buildNative(root)) {
  console.error('no C compiler (or no Linux): lfu will do without its native library');
}
makeCodeCache(root);
