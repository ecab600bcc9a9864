/** Diagnostics as they are shown, the severity and the place in colours. */
import { formatDiagnostic, type Diagnostic } from '../message/diagnostic.ts';
import type { Styles } from './terminal.ts';

/** The lines of `diagnostic`, in the form of {@link formatDiagnostic}. */
export function diagnosticText(diagnostic: Diagnostic, styles: Styles): string {
  const [head = '', source = '', mark = ''] = formatDiagnostic(diagnostic).split('\n');
  const { severity } = diagnostic;
  const tone = severity === 'error' ? styles.red : styles.yellow;
  const caret = mark.indexOf('^');
  const hint = mark.slice(caret).search(/ |$/) + caret;
  return [
    head.replace(`: ${severity}: `, () => `: ${tone(severity)}: `),
    source,
    mark.slice(0, caret) + tone(mark.slice(caret, hint)) + mark.slice(hint),
  ].join('\n');
}
