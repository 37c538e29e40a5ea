using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Segmentation;
using Foreword.Settings;

namespace Foreword.Cli;

/// <summary>Builds the root command, maps outcomes to exit codes, and turns exceptions into one-line messages.</summary>
internal static class CommandRunner
{
    /// <summary>The number of characters that the help spends on the words an option accepts.</summary>
    private const int LongestValueName = 24;

    /// <summary>Parses and runs one command line. Does not throw for invalid input.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string[] args, Terminal terminal)
    {
        SegmentedWordsModule.Register(); // before the commands list the kinds of tokenizers
        return Run(args, terminal, CommandCatalog.Commands(terminal));
    }

    /// <summary>Parses and runs one command line with the given commands instead of the catalog's.</summary>
    public static int Run(string[] args, Terminal terminal, IEnumerable<Command> commands)
    {
        RootCommand root = new("Foreword: GPT-1 and GPT-2 from plain text to a trained model, in .NET.");
        Option<bool> quiet = new("--quiet") { Description = "Print results and errors only.", Recursive = true };
        Option<bool> verbose = new("--verbose") { Description = "Print stack traces of errors, run time and peak memory (also FOREWORD_VERBOSE=1).", Recursive = true };
        root.Add(quiet);
        root.Add(verbose);
        foreach (Command command in commands)
            root.Add(command);
        UseHelpWithExamples(root);

        ParseResult parsed = Parse(root, args);
        if (IsBareGroup(parsed))
        {
            Invoke(Parse(root, [.. args, "--help"]), terminal);
            return ExitCodes.Usage;
        }

        if (parsed.Action is not (HelpAction or HelpWithExample))
        {
            if (UnknownOption(parsed) is { } unknown)
                return ReportUsage($"unknown option '{unknown}'{Suggestion(parsed.CommandResult.Command, unknown)}", parsed, terminal);
            if (parsed.Errors.Count > 0)
                return ReportUsage(FirstError(parsed), parsed, terminal);
        }

        terminal.Quiet = parsed.GetValue(quiet);
        bool isVerbose = parsed.GetValue(verbose) || Environment.GetEnvironmentVariable("FOREWORD_VERBOSE") is { Length: > 0 } and not "0";
        long started = Stopwatch.GetTimestamp();
        try
        {
            int code = Invoke(parsed, terminal);
            if (terminal.TakeAnnouncement() is { } announcement)
                terminal.Err.WriteLine(announcement);
            return code;
        }
        catch (OperationCanceledException)
        {
            terminal.Err.WriteLine("interrupted; there was nothing to save yet");
            return ExitCodes.Interrupted;
        }
        catch (Exception problem)
        {
            terminal.Err.WriteLine($"error: {OneSentence(problem) ?? Bug(problem, isVerbose)}");
            if (isVerbose)
                terminal.Err.WriteLine(problem);
            return problem is UsageException ? ExitCodes.Usage : ExitCodes.Failed;
        }
        finally
        {
            if (isVerbose)
                terminal.Err.WriteLine(Resources(Stopwatch.GetElapsedTime(started)));
        }
    }

    /// <summary>Returns the sentence about an exception that no input should cause.</summary>
    private static string Bug(Exception problem, bool isVerbose) =>
        $"this is a bug in foreword: {problem.GetType().Name}: {problem.Message.ReplaceLineEndings(" ")}{(isVerbose ? "" : " (--verbose prints the stack trace, which a report needs)")}";

    private static string Resources(TimeSpan elapsed)
    {
        using Process self = Process.GetCurrentProcess();
        return string.Create(CultureInfo.InvariantCulture, $"took {elapsed.TotalSeconds:0.00} s, {self.TotalProcessorTime.TotalSeconds:0.00} s of processor time, {self.PeakWorkingSet64 / 1e6:N0} MB at most");
    }

    private static ParseResult Parse(RootCommand root, string[] args) => root.Parse(args, new ParserConfiguration
    {
        EnablePosixBundling = false,
        ResponseFileTokenReplacer = null, // '@FILE' means a prompt read from a file, not a response file with more options
    });

    private static int Invoke(ParseResult parsed, Terminal terminal) => parsed.Invoke(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null, // no time limit: pre-training must be able to finish its step
        Output = terminal.Out,
        Error = terminal.Err,
    });

    /// <summary>
    /// Returns whether the command line contains only the name of a group of commands, as in <c>foreword</c> or <c>foreword tokenizer</c>. The
    /// response is the help and the exit code of wrong usage, as in git, so that scripts can detect that no command ran.
    /// </summary>
    private static bool IsBareGroup(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        return parsed.Action is not (HelpAction or HelpWithExample) && command.Subcommands.Count > 0 && command.Action is null && !IsVersion(parsed)
            && parsed.UnmatchedTokens.Count == 0 && !parsed.Tokens.Any(token => token.Type == TokenType.Argument);
    }

    private static bool IsVersion(ParseResult parsed) => parsed.RootCommandResult.Command.Options.OfType<VersionOption>().Any(option => parsed.GetResult(option) is { Implicit: false });

    /// <summary>Returns the message of an expected failure. Returns null for a bug.</summary>
    private static string? OneSentence(Exception problem) => problem switch
    {
        AggregateException { InnerExceptions: [var only] } => OneSentence(only),
        ArgumentNullException or ObjectDisposedException => null,
        ArgumentException argument => ArgumentSentence.Of(argument).ReplaceLineEndings(" "),
        UsageException or InvalidDataException or IOException or UnauthorizedAccessException
            or NotSupportedException or InvalidOperationException
            => problem.Message.ReplaceLineEndings(" "),
        OutOfMemoryException => "there is not enough memory", // the runtime's message contains type names
        ExternalException => problem.Message.Split('\n')[0], // the first line of a libtorch error; the other lines are a stack trace
        _ => null,
    };

    private static int ReportUsage(string problem, ParseResult parsed, Terminal terminal)
    {
        terminal.Err.WriteLine($"error: {problem.ReplaceLineEndings(" ").TrimEnd('.')}");
        terminal.Err.WriteLine($"try: {PathOf(parsed.CommandResult.Command)} --help");
        return ExitCodes.Usage;
    }

    /// <summary>Returns the parser's first error, with the nearest known name if a word is unknown.</summary>
    private static string FirstError(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens is not [var unknown, ..])
            return Sentence(parsed.Errors[0]);

        // A misspelled option often also causes an error about a missing option. The error about the misspelled one is more helpful.
        ParseError error = parsed.Errors.FirstOrDefault(e => e.Message.Contains($"'{unknown}'", StringComparison.Ordinal)) ?? parsed.Errors[0];
        return error.Message.TrimEnd('.') + Suggestion(parsed.CommandResult.Command, unknown);
    }

    /// <summary>Returns the message of a parser error. Replaces names of .NET types by the values that are allowed.</summary>
    private static string Sentence(ParseError error)
    {
        if (error.SymbolResult is not OptionResult { Tokens: [.., { Value: string value }] } result)
            return error.Message;
        Type type = Nullable.GetUnderlyingType(result.Option.ValueType) ?? result.Option.ValueType;
        if (type.IsEnum && !Enum.TryParse(type, value, ignoreCase: true, out _))
            return OptionExtensions.Complaint(result.Option.Name, value, [.. Enum.GetNames(type).Select(name => name.ToLowerInvariant())]);
        if (type == typeof(int) && !int.TryParse(value, CultureInfo.InvariantCulture, out _))
            return $"{result.Option.Name} is '{value}'; expected a whole number";
        return type == typeof(double) && !double.TryParse(value, CultureInfo.InvariantCulture, out _) ? $"{result.Option.Name} is '{value}'; expected a number" : error.Message;
    }

    /// <summary>
    /// Returns the first word that looks like an option but is unknown. The parser treats such a word as an argument if the command accepts one
    /// more. After <c>--</c> every word is an argument.
    /// </summary>
    private static string? UnknownOption(ParseResult parsed)
    {
        HashSet<Token> arguments = new(parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(result => result.Tokens), ReferenceEqualityComparer.Instance);
        return parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash)
            .FirstOrDefault(token => arguments.Contains(token) && token.Value is ['-', '-' or (>= 'A' and <= 'Z') or (>= 'a' and <= 'z'), ..])?.Value;
    }

    /// <summary>Returns a suggestion with the known option or command that is nearest to an unknown word.</summary>
    private static string Suggestion(Command command, string unknown)
    {
        IEnumerable<string> known = unknown.StartsWith('-')
            ? command.Options.Concat(command.Parents.OfType<Command>().SelectMany(p => p.Options).Where(o => o.Recursive)).Select(o => o.Name)
            : command.Subcommands.Select(c => c.Name);
        return NearestName.Suggestion(unknown, known);
    }

    private static string PathOf(Symbol command) =>
        command.Parents.FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : "foreword";

    /// <summary>Lets the help show the words that an option accepts, as one types them, or the option's name if there are too many for a line.</summary>
    private static void NameValues(Command command)
    {
        foreach (Option option in command.Options.Where(option => option.HelpName is null && option.ValueType != typeof(bool)))
        {
            string words = string.Join('|', option.GetCompletions(CompletionContext.Empty).Select(word => word.Label)).ToLowerInvariant();
            if (words.Length > 0)
                option.HelpName = words.Length <= LongestValueName ? words : option.Name.TrimStart('-');
        }
    }

    private static void UseHelpWithExamples(RootCommand root)
    {
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExample((HelpAction)help.Action!);
    }

    /// <summary>Prints the library's help, with the words that options accept, and then the command's example.</summary>
    private sealed class HelpWithExample(HelpAction help) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            Command command = parseResult.CommandResult.Command;
            NameValues(command);
            int code = help.Invoke(parseResult);
            if (CommandExamples.Example(command) is { } example)
                parseResult.InvocationConfiguration.Output.WriteLine($"Example:\n  {example}\n");
            return code;
        }
    }
}
