using System.Threading.Channels;
using Foreword.Cpu;
using Foreword.Tasks;

namespace Foreword.Server.Hosting;

/// <summary>A loaded fine-tuned model. Examples of several requests share passes: while one batch is computed, the next one gathers.</summary>
internal sealed class ServedTask : IDisposable
{
    private const int MostTogether = 64;

    private readonly CpuTaskModel _model;
    private readonly Channel<Request> _waiting;
    private readonly Task _serving;

    /// <summary>Starts to serve a loaded model, which this object disposes.</summary>
    /// <param name="name">The name that requests use.</param>
    /// <param name="model">The model.</param>
    /// <param name="maxQueue">The largest number of requests that wait.</param>
    public ServedTask(string name, CpuTaskModel model, int maxQueue)
    {
        (Name, _model) = (name, model);
        _waiting = Channel.CreateBounded<Request>(new BoundedChannelOptions(maxQueue + MostTogether) { SingleReader = true });
        _serving = Task.Factory.StartNew(Serve, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Gets the name that requests use.</summary>
    public string Name { get; }

    /// <summary>Gets the task.</summary>
    public TaskDescription Description => _model.Task;

    /// <summary>Gets the number format of the weights, such as <c>int8</c>.</summary>
    public string Format => _model.Network.WeightType.ToString().ToLowerInvariant();

    /// <summary>Gets the memory of the weights in bytes.</summary>
    public long WeightBytes => _model.Network.WeightBytes;

    /// <summary>Answers examples. They are encoded before they wait, so a problem after that is not the client's.</summary>
    /// <exception cref="ArgumentException">An example does not have the texts and choices that the task reads.</exception>
    /// <exception cref="ApiException">An example has no tokens or too many choices, or too many requests wait.</exception>
    /// <exception cref="InvalidDataException">The model's outputs are not finite, or its files are damaged.</exception>
    public Task<IReadOnlyList<Prediction>> PredictAsync(IReadOnlyList<TaskExample> examples, CancellationToken cancellationToken)
    {
        Request request = new(Encoded(examples), new TaskCompletionSource<IReadOnlyList<Prediction>>(TaskCreationOptions.RunContinuationsAsynchronously), cancellationToken);
        if (!_waiting.Writer.TryWrite(request))
            throw new ApiException(429, "the server has too many waiting requests; try again later", code: "overloaded") { RetryAfter = 1 };
        return request.Answer.Task.WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _waiting.Writer.TryComplete();
        _serving.Wait();
        _model.Dispose();
    }

    private EncodedExample[] Encoded(IReadOnlyList<TaskExample> examples)
    {
        try
        {
            return _model.Encode(examples);
        }
        catch (InvalidDataException problem)
        {
            throw new ApiException(400, problem.Message);
        }
    }

    private void Serve()
    {
        List<Request> together = [];
        while (_waiting.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            together.Clear();
            while (together.Sum(request => request.Examples.Count) < MostTogether && _waiting.Reader.TryRead(out Request? request))
            {
                if (!request.CancellationToken.IsCancellationRequested)
                    together.Add(request);
            }

            if (together.Count > 0)
                Answer(together);
        }
    }

    private void Answer(List<Request> together)
    {
        try
        {
            IReadOnlyList<Prediction> predictions = _model.Answers([.. together.SelectMany(request => request.Examples)]);
            int next = 0;
            foreach (Request request in together)
            {
                request.Answer.TrySetResult([.. predictions.Skip(next).Take(request.Examples.Count)]);
                next += request.Examples.Count;
            }
        }
        catch (Exception problem) when (together.Count == 1)
        {
            together[0].Answer.TrySetException(problem);
        }
        catch (Exception)
        {
            foreach (Request request in together)
                Answer([request]); // only the one with the fault fails
        }
    }

    private sealed record Request(IReadOnlyList<EncodedExample> Examples, TaskCompletionSource<IReadOnlyList<Prediction>> Answer, CancellationToken CancellationToken);
}
