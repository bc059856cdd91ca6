import { fileURLToPath } from 'node:url';
import { type CallExpression, type Node, SyntaxKind } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

const home = fileURLToPath(new URL('../../../', import.meta.url));
const projects = ['tsconfig.json', 'src/web/islands/tsconfig.json'].map((file) => home + file);

/** Shows every node of src/ as the compiler's own parser reads it, with its file and its text. Tests are left out. */
export function visitSource(show: (node: Node, place: { file: string; text: string }) => void): void {
  const compiler = new API({ cwd: home });
  try {
    const snapshot = compiler.updateSnapshot({ openProjects: projects });
    for (const { program } of snapshot.getProjects()) {
      for (const file of program.getSourceFileNames()) {
        if (!file.startsWith(`${home}src/`) || /\.test\.tsx?$|conformance\.ts$/.test(file)) continue;
        const source = program.getSourceFile(file);
        const visit = (node: Node): void => {
          show(node, { file: file.slice(home.length), text: node.getText(source) });
          node.forEachChild(visit);
        };
        if (source) visit(source);
      }
    }
  } finally {
    compiler.close();
  }
}

/** Every call in src/: who is called, as it is written, and with what. */
export function findCalls(): { file: string; callee: string; given: string[] }[] {
  const calls: { file: string; callee: string; given: string[] }[] = [];
  visitSource((node, { file, text }) => {
    if (node.kind !== SyntaxKind.CallExpression) return;
    const call = node as CallExpression;
    const source = call.getSourceFile();
    const given = call.arguments.map((one) => one.getText(source));
    calls.push({ file, callee: text.slice(0, call.expression.getText(source).length), given });
  });
  return calls;
}
