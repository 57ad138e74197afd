/** The help of `millrace dev`. */
export const devHelp = `\
millrace dev MODULE [--bind NAME=URI]... [--records N] [--run-foreach]

Runs a pipeline in memory over the first records of its input, and again whenever the module or a
file that it imports is saved. Shows what each output gives at its last batch, and what differs
since the save before. Each file is a batch of its own, so state and windows can be seen to grow. An
error is shown with its line, and the next save tries again. Nothing is stored or written. Ctrl-C
ends it.

Sources must be bound to files or directories, or be a queueStream. To try what a program writes,
save some of it first: nc localhost 9999 | head -1000 > sample.txt

  --bind NAME=URI   the location of a source: ./directory, ./file.log or 'logs/*.log' (quoted)
  --records N       read about so many records of each source, in the order of its files; default
                    1000. Lines of text are cut there; other files are read whole
  --run-foreach     call the functions of foreachRDD, which may do anything

Examples
  millrace dev word-count.ts --bind lines=./in
  millrace dev clicks.ts --bind lines=access.log --records 100
`
