namespace Foreword.Cpu.Scheduling;

/// <summary>Too many requests wait for the model.</summary>
internal sealed class QueueFullException() : InvalidOperationException("too many requests wait for the model; try again later");
