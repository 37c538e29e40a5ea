using Foreword.Cli;
using Foreword.Cli.Output;

return CommandLine.Run(args, Terminal.System());
