using System.CommandLine;
using Foreword.Cli.Output;

namespace Foreword.Cli.Tests.Output;

public sealed class ShellTextTests
{
    [Theory]
    [InlineData("runs/a", "runs/a")]
    [InlineData("train.lr=3e-4", "train.lr=3e-4")]
    [InlineData("data.text=[a.txt]", "'data.text=[a.txt]'")]
    [InlineData("my file.txt", "'my file.txt'")]
    [InlineData("it's", "'it'\\''s'")]
    [InlineData("$HOME", "'$HOME'")]
    [InlineData("", "''")]
    [InlineData("书.txt", "'书.txt'")]
    public void AWordIsQuotedWhereAShellWouldReadMoreIntoIt(string word, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other quotes");
        Assert.Equal(expected, ShellText.Quote(word));
    }

    /// <summary>A program on Windows reads backslashes before a quotation mark as pairs, and other backslashes as they are.</summary>
    [Theory]
    [InlineData("", "\"\"")]
    [InlineData("my file.txt", "\"my file.txt\"")]
    [InlineData(@"C:\my runs", @"""C:\my runs""")]
    [InlineData(@"C:\my runs\", @"""C:\my runs\\""")]
    [InlineData(@"\\server\my share\\", @"""\\server\my share\\\\""")]
    [InlineData("a \"b\"", @"""a \""b\""""")]
    [InlineData(@"a\""b", @"""a\\\""b""")]
    [InlineData("a b\n", "\"a b\n\"")]
    public void OnWindowsBackslashesBeforeAQuotationMarkAreDoubled(string word, string expected) => Assert.Equal(expected, ShellText.WindowsQuote(word));

    [Theory]
    [InlineData("do a.yaml --set x=[1] --out old", "foreword do a.yaml --set 'x=[1]' --out new --resume auto")]
    [InlineData("do a.yaml --out=old --resume r/checkpoint-3 --json --seed 7", "foreword do a.yaml --json --seed 7 --out new --resume auto")]
    [InlineData("do --resume auto a.yaml --set a=1 --set b=2", "foreword do a.yaml --set a=1 --set b=2 --out new --resume auto")]
    public void TheCommandThatGoesOnIsTheOneThatWasTyped(string typed, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other quotes");
        Command command = new("do")
        {
            new Argument<string>("RECIPE"), new Option<string[]>("--set"), new Option<string>("--out"), new Option<string>("--resume"), new Option<bool>("--json"), new Option<int>("--seed"),
        };
        ParseResult parsed = new RootCommand { command }.Parse(typed.Split(' '));
        Assert.Equal(expected, ShellText.Again(parsed, ["--out", "--resume"], "--out", "new", "--resume", "auto"));
    }
}
