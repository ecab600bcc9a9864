import { describe, expect, it } from 'vitest';
import { DiagnosticError, formatDiagnostic } from '../../src/message/diagnostic.ts';
import type { HostObject, MergeResult } from '../../src/export/fragment.ts';
import { inetd } from '../../src/export/inetd.ts';
import {
  codes,
  file,
  fragment,
  fromReceipt,
  memoryHost,
  owner,
  program,
  systemFile,
  type MemoryHost,
} from './memory-host.ts';

const STOCK = systemFile('/etc/inetd.conf', 'openbsd-inetd');
const SERVICES = systemFile('/etc/services', 'netbase');
const PATH = '/etc/inetd.conf';
const OURS = 'ftp\tstream\ttcp\tnowait\troot\t/software/foo/servers/ftpd\tftpd -l\n';

function hostWith(text: string, more: Record<string, string | HostObject> = {}): MemoryHost {
  return memoryHost({ [PATH]: text, '/etc/services': SERVICES, ...more }, ['root', 'nobody']);
}

function install(host: MemoryHost, content = OURS, name = 'foo'): MergeResult {
  const files = [fragment('inetd.conf', content)];
  const merged = inetd.merge({ owner: owner(name), files, before: [], host });
  host.apply(merged.edits);
  return merged;
}

/** Which lines of `stock` a fragment disables. */
function disabled(stock: string, content: string): readonly string[] {
  const host = hostWith(stock);
  expect(codes(install(host, content))).toEqual([]);
  const text = host.text(PATH) ?? '';
  return text
    .split('\n')
    .filter((line) => line.startsWith('#xhier:disabled-by foo# '))
    .map((line) => line.slice('#xhier:disabled-by foo# '.length));
}

function findings(content: string): readonly string[] {
  try {
    inetd.parse(fragment('inetd.conf', content));
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.map((each) => formatDiagnostic(each).replace(/^.*?conf:/, ''));
  }
  return [];
}

function entry(service: string, protocol: string): string {
  return `${service} stream ${protocol} nowait root /bin/x x`;
}

function ftpOn(protocol: string): string {
  return `ftp stream ${protocol} nowait root /bin/y\n`;
}

function rusers(versions: string): string {
  return `rusersd/${versions} dgram rpc/udp wait root /bin/y\n`;
}

function check(content: string, more: Record<string, string | HostObject>): readonly string[] {
  const fragmentFile = fragment('inetd.conf', content);
  return inetd
    .check(fragmentFile, inetd.parse(fragmentFile), hostWith('', more))
    .map(({ severity, code, line, message }) => `${severity} ${line} ${code}: ${message}`);
}

describe("export/inetd.conf on Debian's /etc/inetd.conf", () => {
  it('goes to the end and out again without a trace; what is commented out is left alone', () => {
    const host = hostWith(STOCK);
    const merged = install(host, `${OURS}echo stream tcp nowait root internal\n`);
    expect(merged.notes).toEqual([]);
    expect(host.text(PATH)?.startsWith(`${STOCK}# BEGIN xhier foo\n`)).toBe(true);
    host.apply(
      inetd.remove({ owner: owner('foo'), before: fromReceipt(merged.merged), host }).edits,
    );
    expect(host.text(PATH)).toBe(STOCK);
  });

  it('disables a stock entry for the same service where it stands, and brings it back', () => {
    const line = 'ftp\t\tstream\ttcp\tnowait\troot\t/usr/sbin/tcpd  in.ftpd \r\n';
    const stock = STOCK.replace('#:MAIL:', `${line}#:MAIL:`);
    const host = hostWith(stock);
    const merged = install(host);
    expect(host.text(PATH)).toContain(`#xhier:disabled-by foo# ${line}#:MAIL:`);
    expect(merged.notes).toEqual([expect.stringContaining('is disabled for foo')]);
    const before = fromReceipt(merged.merged);
    const files = [fragment('inetd.conf', OURS)];
    expect(inetd.merge({ owner: owner('foo'), files, before, host })).toMatchObject({
      edits: [],
      notes: [],
    });
    host.apply(inetd.remove({ owner: owner('foo'), before, host }).edits);
    expect(host.text(PATH)).toBe(stock);
  });

  it('leaves what an administrator has disabled disabled', () => {
    const stock = `#<off># ftp stream tcp nowait root /usr/sbin/a a\n#ftp stream tcp nowait root /b\n`;
    const host = hostWith(stock);
    const merged = install(host);
    expect(host.text(PATH)?.startsWith(stock)).toBe(true);
    host.apply(inetd.remove({ owner: owner('foo'), before: merged.merged, host }).edits);
    expect(host.text(PATH)).toBe(stock);
  });

  it('leaves out an entry that is there already', () => {
    const host = hostWith('ftp  stream tcp nowait root /software/foo/servers/ftpd ftpd  -l\n');
    expect(install(host).edits).toEqual([]);
  });
});

describe('which entries collide', () => {
  it('tcp with tcp4 and tcp6, which do not with each other', () => {
    const [any, four, six] = [entry('ftp', 'tcp'), entry('ftp', 'tcp4'), entry('ftp', 'tcp6')];
    const stock = `${any}\n${four}\n${six}\n`;
    expect(disabled(stock, ftpOn('tcp'))).toEqual([any, four, six]);
    expect(disabled(stock, ftpOn('tcp4'))).toEqual([any, four]);
    expect(disabled(stock, ftpOn('tcp6'))).toEqual([any, six]);
    expect(disabled(stock, ftpOn('tcp46'))).toEqual([any, four, six]);
    expect(disabled(stock, 'ftp dgram udp wait root /bin/y\n')).toEqual([]);
  });

  it('a service with its port number and with its alias', () => {
    expect(disabled(`${entry('21', 'tcp')}\n`, OURS)).toEqual([entry('21', 'tcp')]);
    const mail = 'mail stream tcp nowait root /bin/y\n';
    expect(disabled(`${entry('smtp', 'tcp6')}\n`, mail)).toEqual([entry('smtp', 'tcp6')]);
  });

  it('not on different addresses, whether written in the entry or above it', () => {
    const here = 'ftp stream tcp nowait root /bin/y\n';
    const one = '127.0.0.1:ftp stream tcp nowait root /bin/y\n';
    const two = '10.0.0.1:ftp stream tcp nowait root /bin/x\n';
    expect(disabled(two, one)).toEqual([]);
    expect(disabled(two, here)).toHaveLength(1);
    expect(disabled('*:ftp stream tcp nowait root /bin/x\n', one)).toHaveLength(1);
    expect(disabled(`10.0.0.1,127.0.0.1:\n${entry('ftp', 'tcp')}\n`, one)).toHaveLength(1);
    expect(disabled(`10.0.0.1:\n${entry('ftp', 'tcp')}\n`, one)).toEqual([]);
    // ours stands below the default, and gets it
    expect(disabled(`${two}10.0.0.2:\n`, here)).toEqual([]);
    expect(disabled(`[::1]:ftp stream tcp6 nowait root /bin/x\n`, one)).toEqual([]);
  });

  it('RPC services where their versions overlap', () => {
    const stock = 'rusersd/2-3 dgram rpc/udp wait root /usr/sbin/rusersd rusersd\n';
    expect(disabled(stock, rusers('1'))).toEqual([]);
    expect(disabled(stock, rusers('1-2'))).toHaveLength(1);
    expect(disabled(stock, rusers('3-999999999'))).toHaveLength(1);
    expect(disabled(stock, 'rusersd/2 stream rpc/tcp nowait root /bin/y\n')).toEqual([]);
  });

  it('sockets of one path, whatever stands before them', () => {
    const stock = '10.0.0.1:\n/run/x stream unix nowait root /bin/x\n';
    expect(disabled(stock, '/run/x stream unix wait root /bin/y\n')).toHaveLength(1);
    expect(disabled(stock, '/run/y stream unix wait root /bin/y\n')).toEqual([]);
  });

  it('with all lines of an entry: those that begin with a blank belong to the one above', () => {
    const stock =
      'ftp stream tcp nowait root /bin/x x\n  -a\n\t-b\n \nsmtp stream tcp nowait root /m';
    expect(disabled(stock, OURS)).toEqual(['ftp stream tcp nowait root /bin/x x', '  -a', '\t-b']);
    const host = hostWith(stock);
    const merged = install(host);
    host.apply(inetd.remove({ owner: owner('foo'), before: merged.merged, host }).edits);
    expect(host.text(PATH)).toBe(stock);
  });

  it('and a last entry of several lines without final newline is not cut in two', () => {
    const stock = 'smtp stream tcp nowait root /m m\n  -a\n  -b';
    const host = hostWith(stock);
    const merged = install(host);
    expect(host.text(PATH)).toBe(`# BEGIN xhier foo\n${OURS}# END xhier foo\n${stock}`);
    host.apply(inetd.remove({ owner: owner('foo'), before: merged.merged, host }).edits);
    expect(host.text(PATH)).toBe(stock);
  });
});

describe("another package's entry for the same service", () => {
  it('is a conflict, even when it says the same', () => {
    const host = hostWith('');
    install(host, OURS, 'bar');
    const merged = install(host);
    expect(merged.edits).toEqual([]);
    expect(merged.conflicts).toMatchObject([{ code: 'E_INETD_TAKEN', path: PATH, line: 2 }]);
    expect(merged.conflicts[0]?.message).toContain('of package bar');
  });

  it('inside one fragment too', () => {
    const merged = install(
      hostWith(''),
      'ftp stream tcp nowait root /a\nftp stream tcp6 nowait root /b\n',
    );
    expect(merged.conflicts).toMatchObject([{ code: 'E_INETD_TWICE', line: 2 }]);
  });
});

describe('a stock entry that somebody enables again after the install', () => {
  it('stays enabled and is reported, not disabled at every install', () => {
    const line = 'ftp stream tcp nowait root /usr/sbin/a a\n';
    const host = hostWith(line);
    const before = fromReceipt(install(host).merged);
    host.put(PATH, host.text(PATH)?.replace('#xhier:disabled-by foo# ', '') ?? '');
    const files = [fragment('inetd.conf', OURS)];
    const again = inetd.merge({ owner: owner('foo'), files, before, host });
    expect(again).toMatchObject({ edits: [], conflicts: [] });
    expect(again.notes).toEqual([expect.stringContaining('enabled by hand')]);
    host.apply(inetd.remove({ owner: owner('foo'), before, host }).edits);
    expect(host.text(PATH)).toBe(line);
  });

  it('comes back when a later fragment no longer needs its service', () => {
    const line = 'ftp stream tcp nowait root /usr/sbin/a a\n';
    const host = hostWith(line);
    const before = fromReceipt(install(host).merged);
    const files = [fragment('inetd.conf', 'smtp stream tcp nowait root /m\n')];
    const again = inetd.merge({ owner: owner('foo'), files, before, host });
    host.apply(again.edits);
    expect(host.text(PATH)?.startsWith(line)).toBe(true);
  });
});

describe('in a file with CRLF', () => {
  it('our lines end in LF: inetd would pass the carriage return to the program', () => {
    const host = hostWith('smtp stream tcp nowait root /m m\r\n');
    const merged = install(host);
    expect(host.text(PATH)).toBe(
      `smtp stream tcp nowait root /m m\r\n# BEGIN xhier foo\n${OURS}# END xhier foo\n`,
    );
    host.apply(inetd.remove({ owner: owner('foo'), before: merged.merged, host }).edits);
    expect(host.text(PATH)).toBe('smtp stream tcp nowait root /m m\r\n');
  });
});

describe('the check of an inetd.conf fragment', () => {
  it('wants the program to be there and executable', () => {
    const path = '/software/foo/servers/ftpd';
    expect(check(OURS, { [path]: program() })).toEqual([]);
    expect(check(OURS, {})).toEqual([
      `error 1 E_INETD_PROGRAM: the program ${path} does not exist`,
    ]);
    expect(check(OURS, { [path]: file('', 0o644) })).toEqual([
      `error 1 E_INETD_PROGRAM: ${path} is not executable`,
    ]);
    expect(check(OURS, { [path]: { type: 'directory' } })).toEqual([
      `error 1 E_INETD_PROGRAM: the program ${path} is no file`,
    ]);
    expect(check('echo stream tcp nowait root internal\n', {})).toEqual([]);
  });

  it('looks behind tcpd', () => {
    const content = 'ftp stream tcp nowait root /usr/sbin/tcpd /software/foo/ftpd -l\n';
    expect(check(content, { '/usr/sbin/tcpd': program() })).toEqual([
      'error 1 E_INETD_PROGRAM: the program /software/foo/ftpd does not exist',
    ]);
  });

  it('warns of an unknown account, an unknown service, and a comment that would be an argument', () => {
    const content =
      'nosuch stream tcp6 nowait who.grp /bin/x x # y\n#c\n99 dgram udp wait nobody:g /bin/x\n';
    expect(check(content, { '/bin/x': program() })).toEqual([
      "warning 1 E_INETD_USER: this host has no account 'who'",
      'warning 1 E_INETD_SERVICE: nosuch/tcp is not in /etc/services',
      "warning 1 E_INETD_COMMENT: '#' is passed to the program: a comment needs a line of its own",
    ]);
  });
});

describe('the reading of an inetd.conf fragment', () => {
  it('takes what inetd takes', () => {
    const content = [
      '# comment',
      'ftp stream tcp nowait.100 root.wheel /bin/x',
      'ftp2 stream tcp6,sndbuf=64k,rcvbuf=1m wait root:wheel /bin/x x y',
      '127.0.0.1,[::1]:tftp dgram udp4 wait nobody /bin/x x',
      '\t-s /srv',
      'rusersd/1-3 dgram rpc/udp wait root /bin/x',
      '/run/sock stream unix nowait root /bin/x',
      'echo dgram udp wait root internal internal',
      '8080 seqpacket sctp nowait root /bin/x',
    ].join('\n');
    expect(findings(content)).toEqual([]);
    const entries = inetd.parse(fragment('inetd.conf', content));
    expect(entries.map((each) => inetd.identity(each)[0])).toEqual([
      'ftp/tcp',
      'ftp2/tcp6',
      'tftp/udp4',
      'rusersd/rpc/udp',
      '/run/sock/unix',
      'echo/udp',
      '8080/sctp',
    ]);
    expect(entries[2]).toMatchObject({ line: 4, span: 2, arguments: ['x', '-s', '/srv'] });
  });

  it('points at what it does not take', () => {
    expect(findings('ftp stream tcp nowait\n')).toEqual([
      "1:16: error: no user after 'nowait'\n  1 | ftp stream tcp nowait\n    |                ^~~~~~ SERVICE SOCKET PROTOCOL WAIT USER PROGRAM [ARGUMENT…]",
    ]);
    expect(findings('ftp steam tpc now root bin/x\n')).toEqual([
      "1:5: error: 'steam' is no socket type\n  1 | ftp steam tpc now root bin/x\n    |     ^~~~~ did you mean 'stream'?",
      "1:11: error: 'tpc' is no protocol of inetd\n  1 | ftp steam tpc now root bin/x\n    |           ^~~ did you mean 'tcp'?",
      "1:15: error: 'now' is neither wait nor nowait\n  1 | ftp steam tpc now root bin/x\n    |               ^~~ wait[.MAX] or nowait[.MAX]",
      "1:24: error: 'bin/x' is no absolute path\n  1 | ftp steam tpc now root bin/x\n    |                        ^~~~~",
    ]);
    const of = (content: string): string => findings(content).join('\n');
    expect(of('ftp dgram tcp wait root /x\n')).toContain('tcp has stream sockets, not dgram');
    expect(of('ftp stream tcp,sndbuf=x wait root /x\n')).toContain('malformed buffer size');
    expect(of('ftp stream tcp wait.0 root /x\n')).toContain("'wait.0' is neither");
    expect(of('ftp stream tcp wait root. /x\n')).toContain("'root.' is no user");
    expect(of('ftpx stream tcp wait root internal\n')).toContain("no internal service 'ftpx'");
    expect(of('rusersd stream rpc/tcp wait root /x\n')).toContain('has no RPC version');
    expect(of('rusersd/3-1 stream rpc/tcp wait root /x\n')).toContain('has no RPC version');
    expect(of('sock stream unix wait root /x\n')).toContain('is no path of a socket');
    expect(of(' ftp stream tcp wait root /x\n')).toContain('continues the one above');
    expect(of('127.0.0.1:\n')).toContain('would also change the entries of others');
    expect(of(`ftp stream tcp wait root /x ${'a '.repeat(21)}\n`)).toContain('passes 20 arguments');
    expect(of(`ftp stream tcp wait root /x ${'a'.repeat(1000)}\n`)).toContain('inetd reads 1022');
  });
});
