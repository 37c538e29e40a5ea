namespace Foreword.Tests;

public sealed class CommandLineTests
{
    [Fact]
    public void AnUnknownCommandIsWrongUsageAndNamesTheNearest()
    {
        Cli run = Cli.Run("tokeniser");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("did you mean 'tokenizer'?", run.Err);
        Assert.Empty(run.Out);
    }

    [Fact]
    public void HelpShowsAnExample()
    {
        Cli run = Cli.Run("tokenizer", "--help");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Example:\n  foreword tokenizer train", run.Out);
    }
}
