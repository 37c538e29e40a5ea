using System.Diagnostics;

namespace Foreword.Torch.Kernels;

/// <summary>
/// Measures how the time of training steps is distributed over operations. An operation is timed on the thread that starts it. If a timed operation
/// calls another one, the time of the call counts only for the inner operation. Kernels without a profile measure nothing.
/// </summary>
internal sealed class StepProfile
{
    private readonly Dictionary<string, ProfiledOperation> _operations = [];
    private long _inner;

    /// <summary>Gets all operations so far, the one with the longest time first.</summary>
    public IReadOnlyList<ProfiledOperation> Operations => [.. _operations.Values.OrderByDescending(operation => operation.Seconds)];

    /// <summary>Removes all measurements.</summary>
    public void Clear() => _operations.Clear();

    /// <summary>Starts timing an operation, until the returned lap is disposed.</summary>
    /// <param name="operation">The operation's name.</param>
    /// <param name="flops">Number of floating-point operations in the operation's matrix products.</param>
    /// <returns>The running lap.</returns>
    public Lap Time(string operation, double flops = 0) => new(this, operation, flops);

    /// <summary>Represents an operation in progress. <c>default</c> measures nothing.</summary>
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

/// <summary>The totals of one operation over all its calls.</summary>
/// <param name="Name">The operation's name; names of products contain their rows, columns and inner size.</param>
/// <param name="Calls">Number of calls.</param>
/// <param name="Seconds">The operation's own time in seconds, without timed operations that it called.</param>
/// <param name="Flops">Number of floating-point operations in matrix products.</param>
internal sealed record ProfiledOperation(string Name, int Calls, double Seconds, double Flops);
