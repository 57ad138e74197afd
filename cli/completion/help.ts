/** The help of `millrace completion`. */
export const completionHelp = `millrace completion bash | zsh | fish

Prints the script with which a shell completes the commands of millrace, their options, and files
and directories where they are wanted. Load it when the shell starts. It completes the command
millrace, so put node_modules/.bin of your project on the path, or install millrace globally.

Examples
  eval "$(millrace completion bash)"                      in ~/.bashrc
  eval "$(millrace completion zsh)"                       in ~/.zshrc, after compinit
  millrace completion fish > ~/.config/fish/completions/millrace.fish
`
