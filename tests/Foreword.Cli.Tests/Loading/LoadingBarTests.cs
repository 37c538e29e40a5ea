using Foreword.Cli.Loading;
using Foreword.Cli.Output;
using Foreword.Progress;

namespace Foreword.Cli.Tests.Loading;

public sealed class LoadingBarTests
{
    [Fact]
    public void AQuickLoadShowsNothing()
    {
        (int loaded, string shown) = Load(isInteractive: true, patience: TimeSpan.FromMinutes(1), takes: TimeSpan.Zero);
        Assert.Equal((5, ""), (loaded, shown));
    }

    [Fact]
    public void ASlowLoadShowsABarOnATerminal()
    {
        (int loaded, string shown) = Load(isInteractive: true, patience: TimeSpan.Zero, takes: TimeSpan.FromSeconds(0.5));
        Assert.Equal(5, loaded);
        Assert.Contains("1.0 of 3.0 MB  models/large", shown);
    }

    [Fact]
    public void ASlowLoadShowsNothingInAFile()
    {
        (int loaded, string shown) = Load(isInteractive: false, patience: TimeSpan.Zero, takes: TimeSpan.FromSeconds(0.2));
        Assert.Equal((5, ""), (loaded, shown));
    }

    [Fact]
    public void AFailureIsReportedAsItIs() =>
        Assert.Throws<InvalidDataException>(() => LoadingBar.Show<int>(Terminal(new StringWriter(), isInteractive: true), "m", _ => throw new InvalidDataException("broken")));

    private static (int Loaded, string Shown) Load(bool isInteractive, TimeSpan patience, TimeSpan takes)
    {
        StringWriter error = new();
        int loaded = LoadingBar.Show(Terminal(error, isInteractive), "models/large", progress =>
        {
            progress?.Report(new LoadingProgress(1_000_000, 3_000_000));
            Thread.Sleep(takes);
            return 5;
        }, patience);
        return (loaded, error.ToString());
    }

    private static Terminal Terminal(TextWriter error, bool isInteractive) =>
        new() { In = Stream.Null, OutBytes = Stream.Null, Out = TextWriter.Null, Err = error, IsInteractive = isInteractive };
}
