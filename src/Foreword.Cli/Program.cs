using Foreword.Cli;
using Foreword.Cli.Output;

return CommandRunner.Run(args, Terminal.System());
