using System.Threading.Channels;
using Foreword.Tasks;

namespace Foreword.Server.Hosting;

/// <summary>A loaded fine-tuned model. Examples of several requests share passes: while one batch is computed, the next one gathers.</summary>
internal sealed class ServedTask : IDisposable
{
    private const int MostTogether = 64;

    private readonly ITaskModel _model;
    private readonly Channel<Request> _waiting;
    private readonly Task _serving;

    /// <summary>Starts to serve a loaded model, which this object disposes.</summary>
    /// <param name="name">The name that requests use.</param>
    /// <param name="model">The model.</param>
    /// <param name="maxQueue">The largest number of requests that wait.</param>
    public ServedTask(string name, ITaskModel model, int maxQueue)
    {
        (Name, _model) = (name, model);
        _waiting = Channel.CreateBounded<Request>(new BoundedChannelOptions(maxQueue + MostTogether) { SingleReader = true });
        _serving = Task.Factory.StartNew(Serve, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Gets the name that requests use.</summary>
    public string Name { get; }

    /// <summary>Gets the task.</summary>
    public TaskDescription Description => _model.Task;

    /// <summary>Answers examples.</summary>
    /// <exception cref="ArgumentException">An example does not have the texts and choices that the task reads.</exception>
    /// <exception cref="ApiException">Too many requests wait.</exception>
    public Task<IReadOnlyList<Prediction>> PredictAsync(IReadOnlyList<TaskExample> examples, CancellationToken cancellationToken)
    {
        foreach (TaskExample example in examples)
            Description.Definition.Check(example);
        Request request = new(examples, new TaskCompletionSource<IReadOnlyList<Prediction>>(TaskCreationOptions.RunContinuationsAsynchronously), cancellationToken);
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
            IReadOnlyList<Prediction> predictions = _model.Predict([.. together.SelectMany(request => request.Examples)]);
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

    private sealed record Request(IReadOnlyList<TaskExample> Examples, TaskCompletionSource<IReadOnlyList<Prediction>> Answer, CancellationToken CancellationToken);
}
