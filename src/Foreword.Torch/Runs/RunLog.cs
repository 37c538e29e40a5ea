using Foreword.IO;

namespace Foreword.Torch.Runs;

/// <summary>
/// Writes the numbers of a run as they arrive, to <c>metrics.jsonl</c> and to a TensorBoard event file, and its texts to <c>samples.jsonl</c>. The tags are <c>train/loss</c>,
/// <c>train/learning_rate</c>, <c>train/grad_norm</c>, <c>train/tokens_per_second</c>, in fine-tuning <c>train/task_loss</c> and
/// <c>train/lm_loss</c>, <c>eval/loss</c>, <c>eval/accuracy</c> and so on. Each line is passed to the operating system as a whole, so a
/// killed run loses no line that was written.
/// </summary>
internal sealed class RunLog : IDisposable
{
    private readonly FileStream _metrics;
    private readonly TensorBoardWriter _board;
    private readonly string _samplesPath;

    private RunLog(RunDirectory run, TensorBoardWriter board)
    {
        (_board, _samplesPath) = (board, run.SamplesPath);
        _metrics = Append(run.MetricsPath);
    }

    /// <summary>Creates the log of a new run.</summary>
    /// <param name="run">The run directory, which exists.</param>
    /// <param name="clock">Clock of TensorBoard's wall times; null for the system clock.</param>
    /// <exception cref="IOException">The files cannot be written.</exception>
    public static RunLog Start(RunDirectory run, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        return new RunLog(run, new TensorBoardWriter(run.Path, clock ?? TimeProvider.System));
    }

    /// <summary>
    /// Opens the log of a run that continues after <paramref name="step"/>. Removes the lines that an earlier process logged after that step,
    /// and an incomplete last line. The log then equals that of an uninterrupted run.
    /// </summary>
    /// <param name="run">The run directory.</param>
    /// <param name="step">Number of updates made before the checkpoint that the run continues from.</param>
    /// <param name="clock">Clock of TensorBoard's wall times; null for the system clock.</param>
    /// <exception cref="InvalidDataException">A line of <c>metrics.jsonl</c> other than the last is broken.</exception>
    /// <exception cref="IOException">The files cannot be written.</exception>
    public static RunLog Resume(RunDirectory run, int step, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (File.Exists(run.MetricsPath))
            CutAfter(step, run.MetricsPath);
        if (File.Exists(run.SamplesPath))
            CutAfter(step, run.SamplesPath);
        return new RunLog(run, new TensorBoardWriter(run.Path, clock ?? TimeProvider.System, purgeFrom: step + 1));
    }

    /// <summary>Logs a training step.</summary>
    public void Write(StepMetrics step)
    {
        ArgumentNullException.ThrowIfNull(step);
        Append(_metrics, RunMetrics.Line(step));
        List<(string, double)> scalars =
        [
            ("train/loss", step.Loss),
            ("train/learning_rate", step.LearningRate),
            ("train/grad_norm", step.GradNorm),
            ("train/tokens_per_second", step.TokensPerSecond),
        ];
        if (step.TaskLoss is { } task)
            scalars.Add(("train/task_loss", task));
        if (step.LmLoss is { } languageModel)
            scalars.Add(("train/lm_loss", languageModel));
        scalars.AddRange((step.Metrics ?? new Dictionary<string, double>()).Select(metric => ($"train/{metric.Key}", metric.Value)));
        _board.Write(step.Step, [.. scalars]);
    }

    /// <summary>Logs a validation.</summary>
    public void Write(ValidationMetrics eval)
    {
        ArgumentNullException.ThrowIfNull(eval);
        Append(_metrics, RunMetrics.Line(eval));
        _board.Write(eval.Step, [("eval/loss", eval.Loss), .. (eval.Task ?? new Dictionary<string, double>()).Select(metric => ($"eval/{metric.Key}", metric.Value))]);
    }

    /// <summary>Logs a text that was written, to <c>samples.jsonl</c>.</summary>
    public void Write(PretrainEvent.Sampled sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        using FileStream samples = Append(_samplesPath);
        Append(samples, RunMetrics.Line(sample));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _metrics.Dispose();
        _board.Dispose();
    }

    private static FileStream Append(string path) => new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    private static void Append(FileStream file, byte[] line) => file.Write([.. line, (byte)'\n']);

    private static void CutAfter(int step, string path)
    {
        byte[][] lines = [.. RunMetrics.LinesUpTo(step, path)];
        DurableFile.Replace(path, file =>
        {
            foreach (byte[] line in lines)
                file.Write([.. line, (byte)'\n']);
        });
    }
}
