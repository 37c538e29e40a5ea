namespace Foreword.Cpu.Scheduling;

/// <summary>Tells that too many requests wait for a model.</summary>
internal sealed class QueueFullException() : InvalidOperationException("too many requests wait for the model; try again later");
