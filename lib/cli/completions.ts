import {
  type CompletedCommand,
  completedCommands,
  type CompletedFlag,
  SHELLS,
} from "./completion_table.ts";
import { EXIT, print, printError } from "./output.ts";

const HELP =
  `Prints a script with which a shell completes flux-mqtt: flux-mqtt completions bash|zsh|fish

  bash   source <(flux-mqtt completions bash)
  zsh    flux-mqtt completions zsh > a folder of $fpath, as _flux-mqtt
  fish   flux-mqtt completions fish > ~/.config/fish/completions/flux-mqtt.fish
`;

/** `flux-mqtt completions`: prints a shell's script. */
export function completions(args: readonly string[]): number {
  const [shell = "", ...more] = args;
  if (shell === "--help") {
    print(HELP);
    return EXIT.ok;
  }
  if (!SHELLS.includes(shell) || more.length > 0) {
    printError(`Name a shell: ${SHELLS.join(", ")}\nSee flux-mqtt completions --help\n`);
    return EXIT.usage;
  }
  const commands = completedCommands();
  print(shell === "bash" ? bash(commands) : shell === "zsh" ? zsh(commands) : fish(commands));
  return EXIT.ok;
}

/** With `-o default` bash completes file names itself if no word fits, which completes paths. */
function bash(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name);
  const values = commands.flatMap(({ name, flags, operand }) => [
    ...flags.map(({ names, value }) => {
      const patterns = names.map((flag) => `${name}:${flag}`).join("|");
      if (value === "none") return "";
      const words = typeof value === "string" ? "" : value.join(" ");
      return `    ${patterns}) words='${words}' ;;\n`;
    }),
    typeof operand === "string" ? "" : `    ${name}:${name}) words='${operand.join(" ")}' ;;\n`,
  ]);
  const flags = commands.map(({ name, flags, operand }) => {
    const words = flags.flatMap(({ names }) => names).join(" ");
    // If the operand is a path, flags are offered only after a dash.
    const condition = operand === "path" ? ` [[ $cur == -* ]] &&` : "";
    return `      ${name})${condition} words='${words}' ;;\n`;
  });
  return `# bash completion of flux-mqtt
_flux_mqtt() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} words=
  # bash takes --flag=value for three words.
  if [[ $cur == '=' ]]; then cur=; elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  case $command in
    ${names.join("|")}) ;;
    *) command=serve ;;
  esac
  case $command:$prev in
${values.join("")}    *) case $command in
${flags.join("")}    esac
    if ((COMP_CWORD == 1)); then words="${names.join(" ")} $words"; fi ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _flux_mqtt flux-mqtt
`;
}

function zsh(commands: readonly CompletedCommand[]): string {
  const list = commands.map(({ name, text }) =>
    `    ${zshQuote(`${name}:${text.replaceAll(":", "\\:")}`)}\n`
  );
  const cases = commands.map(({ name, flags, operand }) => {
    const specs = flags.flatMap((flag) => zshFlag(flag));
    if (operand === "path") specs.push(zshQuote("*:file:_files"));
    if (Array.isArray(operand)) specs.push(zshQuote(`1:shell:(${operand.join(" ")})`));
    const lines = specs.map((spec) => ` \\\n      ${spec}`).join("");
    return `    ${name}) _arguments -s${lines} ;;\n`;
  });
  return `#compdef flux-mqtt
# zsh completion of flux-mqtt
_flux_mqtt() {
  local -a commands
  commands=(
${list.join("")}  )
  local command=serve
  if ((CURRENT == 2)); then
    _describe -t commands command commands
  elif [[ \${commands[(r)\${words[2]}:*]} != '' ]]; then
    command=\${words[2]}
    shift words
    ((CURRENT--))
  fi
  case $command in
${cases.join("")}  esac
}
if [[ \${funcstack[1]} == _flux-mqtt ]]; then _flux_mqtt "$@"; else compdef _flux_mqtt flux-mqtt; fi
`;
}

function zshFlag({ names, text, value, repeatable }: CompletedFlag): string[] {
  const told = text.replace(/[[\]\\:]/g, "\\$&");
  const action = value === "none"
    ? ""
    : value === "path"
    ? ":file:_files"
    : value === "any"
    ? ":value: "
    : `:value:(${value.join(" ")})`;
  const others = repeatable ? "*" : `(${names.join(" ")})`;
  return names.map((name) => zshQuote(`${others}${name}[${told}]${action}`));
}

function zshQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const others = commands.map(({ name }) => name).filter((name) => name !== "serve").join(" ");
  const lines = commands.map(({ name, text }) =>
    `complete -c flux-mqtt -n __fish_use_subcommand -f -a ${name} -d ${fishQuote(text)}\n`
  );
  for (const { name, flags, operand } of commands) {
    const condition = name === "serve"
      ? `not __fish_seen_subcommand_from ${others}`
      : `__fish_seen_subcommand_from ${name}`;
    const begin = `complete -c flux-mqtt -n '${condition}'`;
    if (operand !== "path") lines.push(`${begin} -f\n`);
    if (Array.isArray(operand)) lines.push(`${begin} -a '${operand.join(" ")}'\n`);
    for (const { names, text, value } of flags) {
      const spelled = names.map((name) =>
        name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`
      );
      const action = value === "none"
        ? ""
        : value === "path"
        ? " -r -F"
        : value === "any"
        ? " -x"
        : ` -x -a '${value.join(" ")}'`;
      lines.push(`${begin} ${spelled.join(" ")}${action} -d ${fishQuote(text)}\n`);
    }
  }
  return `# fish completion of flux-mqtt\n${lines.join("")}`;
}

function fishQuote(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
