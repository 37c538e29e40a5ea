using System.CommandLine;
using System.Text.RegularExpressions;
using Foreword.Cli.Options;
using Foreword.Cli.Output;

namespace Foreword.Cli.Tests;

/// <summary>Checks that the program accepts every command that the documentation, the recipes and the help show. Does not run any of them.</summary>
public sealed partial class DocumentationTests
{
    public static TheoryData<string, string> Shown =>
    [
        .. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "pages")).Order()
            .SelectMany(page => CommandLines(File.ReadAllText(page)).Select(line => (Path.GetFileName(page), line))),
        .. Commands(CommandCatalog.Commands(Terminal.System())).Where(command => CommandExamples.Example(command) is not null)
            .SelectMany(command => CommandLines(CommandExamples.Example(command)!).Select(line => ($"{command.Name} --help", line))),
    ];

    [Theory, MemberData(nameof(Shown))]
    public void EveryCommandThatIsShownIsTaken(string where, string line)
    {
        Cli parsed = Cli.Run("", Unactive, Words(line));
        Assert.True(parsed is { ExitCode: 0, Err: "" }, $"{where}: {line}\n{parsed.Err}");
    }

    [Fact]
    public void ACommandThatIsNotTakenWouldBeNoticed()
    {
        Assert.Equal(2, Cli.Run("", Unactive, Words("foreword generate runs/x --promt \"a b\"")).ExitCode);
        Assert.Equal(["generate", "runs/x", "--prompt", "a #b", "--set", "a=[b c]"], Words("foreword generate runs/x --prompt \"a #b\" --set 'a=[b c]'  # what it does"));
        Assert.InRange(Shown.Count, 40, int.MaxValue);
    }

    private static IEnumerable<string> CommandLines(string text) => ShownCommand().Matches(text).Select(match => match.Groups[1].Value);

    private static IEnumerable<Command> Commands(IEnumerable<Command> commands) => commands.SelectMany(command => Commands(command.Subcommands).Prepend(command));

    private static Command[] Unactive(Terminal terminal)
    {
        Command[] commands = [.. CommandCatalog.Commands(terminal)];
        foreach (Command command in Commands(commands).Where(command => command.Action is not null))
            command.SetAction(_ => ExitCodes.Done);
        return commands;
    }

    /// <summary>Splits a line into words as a shell would, without the program's name.</summary>
    private static string[] Words(string line) => [.. Word().Matches(line).Select(match => match.Value).TakeWhile(word => word[0] != '#').Skip(1).Select(word => word.Replace("\"", "").Replace("'", ""))];

    [GeneratedRegex(@"^[# ]*(foreword [^\r\n]*)", RegexOptions.Multiline)]
    private static partial Regex ShownCommand();

    [GeneratedRegex("""(?:"[^"]*"|'[^']*'|[^\s"'])+""")]
    private static partial Regex Word();
}
