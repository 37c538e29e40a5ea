using System.CommandLine;

namespace Foreword.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("--engine is 'cup'; expected auto | cpu | torch", "generate", "x", "--prompt", "a", "--engine", "cup")]
    [InlineData("--top-p-rule is 'last'; expected crossing | released", "generate", "x", "--prompt", "a", "--top-p-rule", "last")]
    [InlineData("--top-k is 'many'; expected a whole number", "generate", "x", "--prompt", "a", "--top-k", "many")]
    [InlineData("--temperature is 'hot'; expected a number", "generate", "x", "--prompt", "a", "--temperature", "hot")]
    [InlineData("--dtype is 'f31'; expected f32 | f16 | bf16 | q8_0; did you mean 'f32'?", "convert", "x", "y", "--dtype", "f31")]
    [InlineData("--task is 'clasification'; expected classification | entailment | similarity | multiple-choice | regression; did you mean 'classification'?", "finetune", "x", "--task", "clasification")]
    public void AValueThatAnOptionDoesNotTakeIsAnsweredWithThoseItTakes(string sentence, params string[] args)
    {
        Cli run = Cli.Run(args);
        Assert.Equal(2, run.ExitCode);
        Assert.Equal($"error: {sentence}\ntry: foreword {args[0]} --help\n", run.Err);
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
