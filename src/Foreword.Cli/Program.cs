using Foreword.Cli;

return CommandLine.Run(args, Terminal.System());
