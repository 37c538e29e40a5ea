using System.Diagnostics;

namespace Foreword.Torch.Kernels;

/// <summary>
/// Where the time of training steps goes, operation by operation. Operations are timed on the thread that starts them; what a timed
/// operation calls counts for the inner one alone. Kernels that get no profile measure nothing.
/// </summary>
public sealed class StepProfile
{
    private readonly Dictionary<string, ProfiledOperation> _operations = [];
    private long _inner;

    /// <summary>Every operation so far, the longest first.</summary>
    public IReadOnlyList<ProfiledOperation> Operations => [.. _operations.Values.OrderByDescending(operation => operation.Seconds)];

    /// <summary>Forgets what was measured.</summary>
    public void Clear() => _operations.Clear();

    /// <summary>Times an operation until the lap is disposed.</summary>
    /// <param name="operation">Its name.</param>
    /// <param name="flops">Its floating-point operations in matrix products.</param>
    public Lap Time(string operation, double flops = 0) => new(this, operation, flops);

    /// <summary>An operation under way; <c>default</c> measures nothing.</summary>
    public readonly struct Lap : IDisposable
    {
        private readonly StepProfile? _profile;
        private readonly string _operation;
        private readonly double _flops;
        private readonly long _start;
        private readonly long _innerBefore;

        internal Lap(StepProfile profile, string operation, double flops)
        {
            (_profile, _operation, _flops, _innerBefore) = (profile, operation, flops, profile._inner);
            profile._inner = 0;
            _start = Stopwatch.GetTimestamp();
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (_profile is null)
                return;
            long ticks = Stopwatch.GetTimestamp() - _start;
            ProfiledOperation sum = _profile._operations.GetValueOrDefault(_operation) ?? new ProfiledOperation(_operation, 0, 0, 0);
            _profile._operations[_operation] = sum with
            {
                Calls = sum.Calls + 1,
                Seconds = sum.Seconds + (double)(ticks - _profile._inner) / Stopwatch.Frequency,
                Flops = sum.Flops + _flops,
            };
            _profile._inner = _innerBefore + ticks;
        }
    }
}

/// <summary>What an operation took in all its calls.</summary>
/// <param name="Name">Which; products name their rows, columns and inner size.</param>
/// <param name="Calls">Times that it ran.</param>
/// <param name="Seconds">Its own time.</param>
/// <param name="Flops">Floating-point operations in matrix products.</param>
public sealed record ProfiledOperation(string Name, int Calls, double Seconds, double Flops);
