import { expect, test } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { isArchitectureName } from '../../src/lfck/architecture-name.ts';

test.each(
  `share sun3 sun4 sun4c sun4m sun386i hp300 hp9000 pmax rs6000 linux-x86_64 linux-x86_64_v3
  linux-aarch64 linux-i686 linux-armv7l linux-ppc64le darwin-arm64 sunos-sun4m freebsd13.2-amd64
  linux-debian12-x86_64_v2 linux_6.1.0_x86_64 x86_64-linux-gnu aarch64-unknown-linux-musl
  x86_64-apple-darwin22.1.0 sparc-sun-solaris2.6 armv7l-unknown-linux-gnueabihf`.split(/\s+/),
)('%s is an architecture', (name) => {
  expect(isArchitectureName(bytes(name))).toBe(true);
});

test.each(
  `linux x86_64 alpha mips lib bin shares sun sun5 linux-5.10.1 linux-headers linux-gnu hp
  x86_64-linux-gnu-2.1-extra sunset sharelinux-x86_64 Linux-x86_64`.split(/\s+/),
)('%s is none', (name) => {
  expect(isArchitectureName(bytes(name))).toBe(false);
});

test('a name of any length is looked at in no time', () => {
  for (const part of ['linux-', 'x86_64-', 'linux-x86_64-', '-', '9.', 'linux_']) {
    expect(isArchitectureName(bytes(part.repeat(20_000)))).toBe(false);
  }
});
