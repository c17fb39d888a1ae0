import { resolve } from 'node:path';
import ts from 'typescript';

/** What the compiler knows of the sources, and of modules that are in no file. */
export interface Compiled {
  /** What is wrong with a module: `line: message`. */
  complaints(file: string): string[];
  /** The fields of a type, in the order of its declaration. */
  fields(type: ts.Type): string[];
  /** The type of one field. */
  field(type: ts.Type, name: string): ts.Type;
  /** The strings that a union consists of. */
  literals(type: ts.Type): string[];
  /** The cases of a union, each with the fields that it has beside the discriminant and the `common` ones. */
  cases(type: ts.Type, discriminant: string, common?: readonly string[]): Record<string, string[]>;
  /** A type that a file exports. */
  type(file: string, name: string): ts.Type;
}

/** Compiles the given modules, by path, and all that they import, with the options of the project. */
export function compile(modules: ReadonlyMap<string, string>): Compiled {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile('tsconfig.json', ts.sys.readFile).config,
    { ...ts.sys, readDirectory: () => [] },
    process.cwd(),
  );
  const texts = new Map([...modules].map(([file, text]) => [resolve(file), text]));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.getSourceFile = (file, version, ...rest) => {
    const text = texts.get(file);
    return text === undefined
      ? getSourceFile(file, version, ...rest)
      : ts.createSourceFile(file, text, version);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  const checker = program.getTypeChecker();

  /** `[Symbol.dispose]` is spelled `__@dispose@123` inside the compiler. */
  const nameOf = ({ name }: ts.Symbol): string => name.replace(/^__@(\w+)@\d+$/, '[Symbol.$1]');
  const parts = (type: ts.Type): ts.Type[] => (type.isUnion() ? type.types : [type]);

  const compiled: Compiled = {
    complaints(file) {
      const source = program.getSourceFile(resolve(file));
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return found.map(({ messageText, start = 0 }) => {
        const { line = NaN } = source?.getLineAndCharacterOfPosition(start) ?? {};
        return `${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      });
    },
    fields: (type) => type.getProperties().map(nameOf),
    field(type, name) {
      const property = type.getProperty(name);
      if (!property) throw new TypeError(`There is no field ${name}`);
      return checker.getTypeOfSymbol(property);
    },
    literals: (type) => parts(type).map((part) => (part as ts.StringLiteralType).value),
    cases(type, discriminant, common = []) {
      const known = [discriminant, ...common];
      return Object.fromEntries(
        parts(type).flatMap((one) => {
          const others = compiled.fields(one).filter((name) => !known.includes(name));
          return compiled.literals(compiled.field(one, discriminant)).map((value) => [value, others]);
        }),
      );
    },
    type(file, name) {
      const source = program.getSourceFile(resolve(file));
      const symbol = source && checker.getSymbolAtLocation(source);
      const found = symbol && checker.getExportsOfModule(symbol).find((one) => one.name === name);
      if (!found) throw new TypeError(`There is no ${name} in ${file}`);
      return checker.getDeclaredTypeOfSymbol(found);
    },
  };
  return compiled;
}
