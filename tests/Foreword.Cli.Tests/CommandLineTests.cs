using System.CommandLine;
using Foreword.Cli.Output;

namespace Foreword.Cli.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("--engine is 'cup'; expected auto | cpu | torch; did you mean 'cpu'?", "generate", "x", "--prompt", "a", "--engine", "cup")]
    [InlineData("--top-p-rule is 'last'; expected crossing | released", "generate", "x", "--prompt", "a", "--top-p-rule", "last")]
    [InlineData("--top-k is 'many'; expected a whole number", "generate", "x", "--prompt", "a", "--top-k", "many")]
    [InlineData("--temperature is 'hot'; expected a number", "generate", "x", "--prompt", "a", "--temperature", "hot")]
    [InlineData("--dtype is 'f31'; expected f32 | f16 | bf16 | q8_0; did you mean 'f32'?", "convert", "x", "y", "--dtype", "f31")]
    [InlineData("--task is 'clasification'; expected classification | entailment | similarity | multiple-choice | regression | multi-label | token-labels | span | dialogue | preference | questions; did you mean 'classification'?", "finetune", "x", "--task", "clasification")]
    public void AValueThatAnOptionDoesNotTakeIsAnsweredWithThoseItTakes(string sentence, params string[] args)
    {
        Cli run = Cli.Run(args);
        Assert.Equal(2, run.ExitCode);
        Assert.Equal($"error: {sentence}\ntry: foreword {args[0]} --help\n", run.Err);
    }

    [Theory]
    [InlineData("quickstart")]
    [InlineData("decode", "tokenizer")]
    [InlineData("weights", "verify")]
    [InlineData("zero-shot", "study")]
    public void AGroupOfCommandsAlonePrintsItsHelpWithTheCodeOfWrongUsage(string member, params string[] group)
    {
        Cli bare = Cli.Run(group), help = Cli.Run([.. group, "--help"]);
        Assert.Equal((2, ""), (bare.ExitCode, bare.Err));
        Assert.Equal(0, help.ExitCode);
        Assert.Equal(help.Out, bare.Out);
        Assert.Contains($"  {member} ", bare.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void TheVersionIsPrinted()
    {
        Cli version = Cli.Run("--version");
        Assert.Equal((0, ""), (version.ExitCode, version.Err));
        Assert.Matches(@"^\d+\.\d+\.\d+", version.Out);
    }

    [Fact]
    public void ABugSaysThatItIsOneAndShowsItsStackTraceOnRequest()
    {
        Cli bug = Cli.Run("", _ => Throwing(() => throw new InvalidCastException("index 7")), "work");
        Assert.Equal((1, "error: this is a bug in foreword: InvalidCastException: index 7 (--verbose prints the stack trace, which a report needs)\n"), (bug.ExitCode, bug.Err));
        Cli verbose = Cli.Run("", _ => Throwing(() => throw new InvalidCastException("index 7")), "work", "--verbose");
        Assert.StartsWith("error: this is a bug in foreword: InvalidCastException: index 7\nSystem.InvalidCastException: index 7\n   at ", verbose.Err, StringComparison.Ordinal);
        Assert.Matches(@"\ntook \d+\.\d\d s, \d+\.\d\d s of processor time, [\d,]+ MB at most\n$", verbose.Err);
        Cli input = Cli.Run("", _ => Throwing(() => throw new InvalidDataException("line 3 is broken")), "work", "--verbose");
        Assert.StartsWith("error: line 3 is broken\nSystem.IO.InvalidDataException: line 3 is broken\n   at ", input.Err, StringComparison.Ordinal);

        static Command Throwing(Action work)
        {
            Command command = new("work");
            command.SetAction(_ =>
            {
                work();
                return 0;
            });
            return command;
        }
    }

    [Fact]
    public void AnErrorDoesNotFollowWhatConcernsTheRunOnly()
    {
        Cli failed = Cli.Run("", terminal => Announcing(terminal, () => throw new IOException("the input is broken")), "work");
        Assert.Equal((1, "error: the input is broken\n"), (failed.ExitCode, failed.Err));
        Assert.Equal("seed 1337\nworking\n", Cli.Run("", terminal => Announcing(terminal, () => terminal.Say("working")), "work").Err);
        Assert.Equal("seed 1337\n", Cli.Run("", terminal => Announcing(terminal, () => { }), "work").Err);
        Assert.Equal("", Cli.Run("", terminal => Announcing(terminal, () => terminal.Say("working")), "work", "--quiet").Err);

        static Command Announcing(Terminal terminal, Action work)
        {
            Command command = new("work");
            command.SetAction(_ =>
            {
                terminal.Announce("seed 1337");
                work();
                return 0;
            });
            return command;
        }
    }

    [Fact]
    public void LongLinesAreCutOrBrokenBetweenWords()
    {
        Assert.Equal("step 1…", FittedText.Cut("step 10 of 100", 7));
        Assert.Equal("step 10", FittedText.Cut("step 10", 7));
        Assert.Equal("子曰…", FittedText.Cut("子曰學而時習之", 6)); // each character takes two columns
        Assert.Equal(["copa: the premise", "  and each", "  alternative"], FittedText.Wrap("copa: the premise and each alternative", 17));
        Assert.Equal(["one line"], FittedText.Wrap("one line", int.MaxValue));
    }

    [Fact]
    public void AnUnknownCommandIsWrongUsageAndNamesTheNearest()
    {
        Cli run = Cli.Run("tokeniser");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("did you mean 'tokenizer'?", run.Err);
        Assert.Empty(run.Out);
    }

    [Fact]
    public void MemoryThatDoesNotSufficeIsAFailureOfTheRunNotOfTheProgram()
    {
        Cli run = Cli.Run("", _ =>
        {
            Command command = new("load");
            command.SetAction(int (_) => throw new InsufficientMemoryException());
            return command;
        }, "load");
        Assert.Equal((1, "error: there is not enough memory\n"), (run.ExitCode, run.Err));
    }

    [Fact]
    public void HelpShowsAnExample()
    {
        Cli run = Cli.Run("tokenizer", "--help");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Example:\n  foreword tokenizer train", run.Out);
    }
}
