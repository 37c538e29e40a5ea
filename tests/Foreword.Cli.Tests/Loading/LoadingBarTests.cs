using Foreword.Cli.Loading;
using Foreword.Cli.Output;
using Foreword.Progress;

namespace Foreword.Cli.Tests.Loading;

public sealed class LoadingBarTests
{
    private const string Shown = "1.0 of 3.0 MB  models/large";

    [Fact]
    public void AQuickLoadShowsNothing() => Assert.Equal("", Load(isInteractive: true, patience: TimeSpan.FromMinutes(1)));

    [Fact]
    public void ASlowLoadShowsABarOnATerminal() => Assert.Contains(Shown, Load(isInteractive: true, patience: TimeSpan.Zero, isSlow: true));

    [Fact]
    public void ASlowLoadShowsNothingInAFile() => Assert.Equal("", Load(isInteractive: false, patience: TimeSpan.Zero));

    [Fact]
    public void AFailureIsReportedAsItIs() =>
        Assert.Throws<InvalidDataException>(() => LoadingBar.Show<int>(Terminal(new StringWriter(), isInteractive: true), "m", _ => throw new InvalidDataException("broken")));

    /// <summary>Loads something, and returns what the terminal shows. A slow load lasts until the bar is shown.</summary>
    private static string Load(bool isInteractive, TimeSpan patience, bool isSlow = false)
    {
        using WatchedWriter error = new();
        int loaded = LoadingBar.Show(Terminal(error, isInteractive), "models/large", progress =>
        {
            progress?.Report(new LoadingProgress(1_000_000, 3_000_000));
            if (isSlow)
                error.BarIsShown.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            return 5;
        }, patience);
        Assert.Equal(5, loaded);
        return error.ToString();
    }

    private static Terminal Terminal(TextWriter error, bool isInteractive) =>
        new() { In = Stream.Null, OutBytes = Stream.Null, Out = TextWriter.Null, Err = error, IsInteractive = isInteractive };

    /// <summary>Collects text and signals when it contains the bar.</summary>
    private sealed class WatchedWriter : StringWriter
    {
        public ManualResetEventSlim BarIsShown { get; } = new();

        public override void Write(string? value)
        {
            base.Write(value);
            if (value?.Contains(Shown, StringComparison.Ordinal) == true)
                BarIsShown.Set();
        }

        protected override void Dispose(bool disposing)
        {
            BarIsShown.Dispose();
            base.Dispose(disposing);
        }
    }
}
