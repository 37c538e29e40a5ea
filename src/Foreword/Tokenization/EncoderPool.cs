namespace Foreword.Tokenization;

/// <summary>A pool of idle encoders. A call takes one out and puts it back; it never waits for another thread.</summary>
/// <param name="create">Creates an encoder when none is idle.</param>
internal sealed class EncoderPool<T>(Func<T> create) where T : class
{
    private readonly T?[] _idle = new T?[Environment.ProcessorCount];

    public T Take()
    {
        int first = Thread.GetCurrentProcessorId(); // spreads threads over the slots; any slot is correct
        for (int i = 0; i < _idle.Length; i++)
        {
            ref T? place = ref _idle[(first + i) % _idle.Length];
            if (place is not null && Interlocked.Exchange(ref place, null) is { } encoder)
                return encoder;
        }

        return create();
    }

    public void PutBack(T encoder)
    {
        int first = Thread.GetCurrentProcessorId();
        for (int i = 0; i < _idle.Length; i++)
        {
            ref T? place = ref _idle[(first + i) % _idle.Length];
            if (place is null && Interlocked.CompareExchange(ref place, encoder, null) is null)
                return;
        }
    }
}
