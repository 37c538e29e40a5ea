namespace Foreword.Cpu.Scheduling;

/// <summary>The exception that is thrown if too many requests wait for a model.</summary>
internal sealed class QueueFullException() : InvalidOperationException("too many requests wait for the model; try again later");
